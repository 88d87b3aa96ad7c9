// Starts a browser without a window on an empty profile.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FIREFOX_PREFERENCES = `
user_pref("app.update.enabled", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
user_pref("javascript.options.wasm_simd_avx", false);
`;

/**
 * @param {'chromium' | 'firefox'} kind
 * @param {string} program
 * @param {string} url
 * @returns {Promise<() => Promise<void>>} ends it
 */
export async function launch(kind, program, url) {
  const profile = await mkdtemp(join(tmpdir(), 'minilm-test-'));
  // Chromium refuses to run as root otherwise, which is what containers do.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const chromium = [
    '--headless', `--user-data-dir=${profile}`, '--no-first-run', '--disable-gpu', '--disable-background-networking',
    '--disable-dev-shm-usage', ...sandbox, url,
  ];
  const firefox = ['--headless', '--no-remote', '--profile', profile, url];
  if (kind === 'firefox') await writeFile(join(profile, 'user.js'), FIREFOX_PREFERENCES);
  // A group of its own, so that its helpers end with it.
  const child = spawn(program, kind === 'firefox' ? firefox : chromium, { stdio: 'ignore', detached: true });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return async () => {
    if (child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
}
