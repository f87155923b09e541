import type { AssetUrls } from '../assets.ts';
import { type Html, html } from '../html.ts';

export interface DocumentOptions {
  title: string;
  assets: AssetUrls;
  /** One sentence for search engines and link previews. */
  description?: string;
  /** `clock` and `screen` fill the window; `card` is centred in it; `screens` is a list that scrolls. */
  layout: 'clock' | 'screen' | 'card' | 'screens';
  /** If the page runs the clock's script, which reads from the root element the build that serves it and its kind. */
  live?: { build: string; kind: string; isTransparent?: boolean };
  /** A style sheet besides that of all pages. */
  style?: string;
  /** The script of a page that is not the clock. */
  script?: string;
  body: Html;
}

/** A complete document. It contains no inline style or script, which the CSP forbids. */
export function document({ title, assets, description, layout, live, style, script, body }: DocumentOptions): Html {
  const source = live === undefined ? script : assets.js;
  return html`<!doctype html>
    <html
      lang="en"
      ${live?.isTransparent === true ? html` class="transparent"` : null}
      ${live === undefined ? null : html` data-state="connecting" data-build="${live.build}" data-page="${live.kind}"`}
    >
      <head>
        <meta charset="utf-8" />
        <title>${title}</title>
        ${description === undefined ? null : html`<meta name="description" content="${description}" />`}
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="color-scheme" content="light dark" />
        <meta name="theme-color" content="#f7f6f2" media="(prefers-color-scheme: light)" />
        <meta name="theme-color" content="#0c0e12" media="(prefers-color-scheme: dark)" />
        <link rel="stylesheet" href="${assets.css}" />
        ${layout === 'clock' ? null : html`<link rel="stylesheet" href="${assets.cardCss}" />`}
        ${style === undefined ? null : html`<link rel="stylesheet" href="${style}" />`}
        <link rel="icon" href="${assets.icon}" type="image/svg+xml" />
        <link rel="manifest" href="/manifest.webmanifest" />
        ${source === undefined ? null : html`<script type="module" src="${source}"></script>`}
      </head>
      <body class="${layout}">
        ${body}
      </body>
    </html> `;
}

/** The line that a page shows after 4 s unless its script has started and removed it. */
export function notStarted(subject: string, versions = 'Chromium 64, Firefox 60, Safari 12'): Html {
  return html`<p id="not-started">
    ${subject} has not started: it needs JavaScript and ${versions} or a later version
  </p>`;
}

/** The page of a form. After a failed attempt its title begins with "Error", which screen readers read first. */
export function formPage(options: Omit<DocumentOptions, 'layout'> & { message: string | undefined }): Html {
  const { title, message } = options;
  return document({ ...options, title: message === undefined ? title : `Error: ${title}`, layout: 'card' });
}

/** The field with which a form proves that one of our pages sent it: see `CsrfProtection`. */
export function csrfField(csrfToken: string): Html {
  return html`<input type="hidden" name="csrfmiddlewaretoken" value="${csrfToken}" />`;
}

export function signOutForm(csrfToken: string): Html {
  return html`<form method="post" action="/accounts/logout/">
    ${csrfField(csrfToken)}
    <button type="submit">Sign out</button>
  </form>`;
}

/** The line above a form that says why the last attempt failed. */
export function alert(message: string | undefined): Html | null {
  return message === undefined ? null : html`<p class="alert" role="alert">${message}</p>`;
}
