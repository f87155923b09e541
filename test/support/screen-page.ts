import type { Page, WebSocketRoute } from 'playwright-core';
import type { Command, ScreenInfo } from '../../src/protocol.ts';

/** The server's side of a screen: commands to a page, and what its initial state says of the screen. */
export class ScreenPage {
  /** What operators set; null for an account. */
  screen: ScreenInfo | null = null;
  readonly #page: Page;
  #socket: WebSocketRoute | null = null;

  constructor(page: Page) {
    this.#page = page;
  }

  /** To be called before the page is opened. */
  async connect(): Promise<void> {
    await this.#page.route('**/api/initial_state', async (route) => {
      const response = await route.fetch();
      const state = (await response.json()) as object;
      await route.fulfill({ response, json: this.screen === null ? state : { ...state, screen: this.screen } });
    });
    await this.#page.routeWebSocket('**/time/tic/**', (socket) => {
      socket.connectToServer();
      this.#socket = socket;
    });
  }

  send(command: Command): void {
    this.#socket?.send(JSON.stringify({ command }));
  }
}
