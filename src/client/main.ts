import { ClockApp } from './app.ts';
import { element } from './browser.ts';

new ClockApp().start();
element('not-started').remove();
