import type { AssetUrls } from '../assets.ts';
import { type Html, html } from '../html.ts';
import type { Link } from '../sign-in-redirect.ts';
import { document } from './document.ts';

export interface ErrorPageOptions {
  assets: AssetUrls;
  status: number;
  title: string;
  /** What went wrong, or what to do, in one sentence. */
  message: string;
  /** What the visitor may do, besides going to the clock. */
  links?: readonly Link[];
}

export function errorPage({ assets, status, title, message, links = [] }: ErrorPageOptions): Html {
  const body = html`<main>
    <p class="status">${status}</p>
    <h1>${title}</h1>
    <p>${message}</p>
    ${links.map(({ href, text }) => html`<p class="aside"><a href="${href}">${text}</a></p>`)}
    <p class="aside"><a href="/">To the clock</a></p>
  </main>`;
  return document({ title: `${title} · Clock`, description: message, assets, layout: 'card', body });
}
