import { ClockApp } from './app.ts';

new ClockApp().start();
