import type { AssetUrls } from '../assets.ts';
import { type Html, html } from '../html.ts';
import { document } from './document.ts';

export interface ErrorPageOptions {
  assets: AssetUrls;
  status: number;
  title: string;
  /** What went wrong, or what to do, in one sentence. */
  message: string;
}

export function errorPage({ assets, status, title, message }: ErrorPageOptions): Html {
  const body = html`<main>
    <p class="status">${status}</p>
    <h1>${title}</h1>
    <p>${message}</p>
    <p class="aside"><a href="/">To the clock</a></p>
  </main>`;
  return document({ title: `${title} · Clock`, description: message, assets, layout: 'card', body });
}
