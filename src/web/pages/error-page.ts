import { type Html, html } from '../html.ts';
import { layout, type PageAssets } from './layout.ts';

export interface ErrorPageOptions {
  assets: PageAssets;
  status: number;
  title: string;
  /** A sentence that says what to do. */
  message: string;
}

/** The page of any answer that is no success. */
export function errorPage({ assets, status, title, message }: ErrorPageOptions): Html {
  const body = html`<main>
    <p class="status">${status}</p>
    <h1>${title}</h1>
    <p>${message}</p>
    <p class="aside"><a href="/">To the clock</a></p>
  </main>`;
  return layout({ title: `${title} · Clock`, assets, look: 'card', body });
}
