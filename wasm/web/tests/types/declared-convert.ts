// What the programs of the converter are is what the declarations say.

import * as browser from '../../js/src/convert/browser.js';
import * as node from '../../js/src/convert/node.js';
import type * as declared from '../../js/types/convert-browser.js';
import type * as declaredNode from '../../js/types/convert.js';

export const names: [Record<keyof typeof declared, unknown>, Record<keyof typeof declaredNode, unknown>] = [
  browser,
  node,
];

export const functions: [typeof declared.convertModel, typeof declared.droppedFiles, typeof declaredNode.convertModel] =
  [browser.convertModel, browser.droppedFiles, node.convertModel];

export async function usage(input: HTMLInputElement): Promise<number> {
  const options: declared.ConvertOptions = {
    precision: 'int6-e4',
    progress: ({ phase, fraction }) => console.log(phase, fraction),
  };
  const { bytes, info } = await browser.convertModel(input.files ?? [], options);
  const hub: declared.ConvertSource = { hub: 'owner/name', revision: 'main' };
  // @ts-expect-error: a precision that there is not
  const wrong: declared.ConvertOptions = { precision: 'int4' };
  await browser.convertModel(hub, wrong);
  return bytes.length + info.dim;
}

export function explain(error: unknown): string {
  return error instanceof browser.ConvertError ? `${(error as declared.ConvertError).file}: ${error.code}` : 'unknown';
}
