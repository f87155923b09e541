import { type Html, html } from '../html.ts';

/** URLs of the built files that a page names. */
export interface PageAssets {
  css: string;
  js: string;
  /** The icon as SVG. */
  icon: string;
}

export interface LayoutOptions {
  title: string;
  assets: PageAssets;
  /** Which look the page has: the clock over the whole window, or a card in its middle. */
  look: 'clock' | 'card';
  /** Attributes of the root element that the script of the clock's page reads and writes. */
  live?: { build: string };
  body: Html;
}

/** A whole document. Nothing in it is inline: style and script come from `assets` alone, as the CSP wants it. */
export function layout({ title, assets, look, live, body }: LayoutOptions): Html {
  return html`<!doctype html>
    <html lang="en" ${live ? html` data-state="connecting" data-build="${live.build}"` : null}>
      <head>
        <meta charset="utf-8" />
        <title>${title}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="color-scheme" content="light dark" />
        <meta name="theme-color" content="#f7f6f2" media="(prefers-color-scheme: light)" />
        <meta name="theme-color" content="#0c0e12" media="(prefers-color-scheme: dark)" />
        <link rel="stylesheet" href="${assets.css}" />
        <link rel="icon" href="${assets.icon}" type="image/svg+xml" />
        <link rel="manifest" href="/manifest.webmanifest" />
        ${live ? html`<script type="module" src="${assets.js}"></script>` : null}
      </head>
      <body class="${look}">
        ${body}
      </body>
    </html> `;
}

/** The line over a form that says why the last try did not succeed. */
export function alert(message: string | undefined): Html | null {
  return message === undefined ? null : html`<p class="alert" role="alert">${message}</p>`;
}
