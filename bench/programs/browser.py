"""browser.py SETUP KIND PROGRAM CONTENDER [PREFERENCE=VALUE]…: a contender in a headless browser.

Messages are on the standard streams. Preferences are Firefox's, those below `javascript.options`.

Serves one page and the files that it needs; the page polls for messages, so the same one works in every browser.
"""

import http.server
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.parse
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parent
TYPES = {".html": "text/html", ".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm"}
FIREFOX_PREFERENCES = """
user_pref("app.update.enabled", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("privacy.reduceTimerPrecision", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
"""

messages = queue.Queue()
answers = queue.Queue()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folders = ()

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/next":
            try:
                self.send(200, messages.get(timeout=20), "application/json")
            except queue.Empty:
                self.send(200, b"null", "application/json")
            return
        file = Path(urllib.parse.unquote(path)).resolve()
        if any(file.is_relative_to(folder) for folder in self.folders) and file.is_file():
            self.send(200, file.read_bytes(), TYPES.get(file.suffix, "application/octet-stream"))
        else:
            self.send(404, b"", "text/plain")

    def do_POST(self):
        answers.put(self.rfile.read(int(self.headers["Content-Length"])))
        self.send(200, b"", "text/plain")

    def send(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        # Isolated pages have a finer clock.
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def command(kind, program, profile, url, preferences):
    if kind == "firefox":
        own = [f'user_pref("javascript.options.{name}", {value});' for name, value in preferences]
        (profile / "user.js").write_text(FIREFOX_PREFERENCES + "\n".join(own))
        return [program, "--headless", "--no-remote", "--profile", str(profile), url]
    options = [
        "--headless",
        f"--user-data-dir={profile}",
        "--no-first-run",
        "--disable-gpu",
        "--disable-extensions",
        "--disable-background-networking",
        "--disable-dev-shm-usage",
    ]
    # Chromium refuses to run as root otherwise, which is what containers do.
    options += ["--no-sandbox"] if os.geteuid() == 0 else []
    return [program, *options, url]


def talk(browser):
    for line in sys.stdin:
        messages.put(line.encode())
        while True:
            try:
                answer = answers.get(timeout=1)
                break
            except queue.Empty:
                if browser.poll() is not None:
                    answer = json.dumps({"error": f"the browser ended with status {browser.returncode}"}).encode()
                    break
        print(answer.decode(), flush=True)


def main():
    setup, kind, program, contender, *preferences = sys.argv[1:]
    preferences = [preference.split("=") for preference in preferences]
    # So that the browser never outlives this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    setup = json.loads(Path(setup).read_text())
    # The page may read these folders and no others.
    Handler.folders = [Path(setup["root"]).resolve(), Path(setup["node_modules"]).resolve()]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}{PROGRAMS}/page.html?contender={contender}"
    with tempfile.TemporaryDirectory(prefix="minilm-bench-", ignore_cleanup_errors=True) as profile:
        browser = subprocess.Popen(
            command(kind, program, Path(profile), url, preferences),
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            start_new_session=True,
        )
        try:
            talk(browser)
        finally:
            os.killpg(browser.pid, signal.SIGTERM)
            browser.wait(timeout=20)


main()
