import { type Html, html } from '../html.ts';

/** The part of the operators' page that lists what is shown besides the time; `src/client/screens/` fills it. */
export function shownSection(): Html {
  return html`<section id="shown" aria-labelledby="shown-title">
    <div class="heading">
      <h2 id="shown-title">Shown besides the time</h2>
      <button id="show-new" type="button" aria-haspopup="dialog">Show a message or countdown</button>
    </div>
    <p id="shown-none" class="hint">Loading</p>
    <ul id="shown-list"></ul>
  </section>`;
}

/** The dialog that sets what is shown. */
export function showDialog(): Html {
  return html`<dialog id="show-dialog" aria-labelledby="show-title">
    <h2 id="show-title" tabindex="-1">Show a message or countdown</h2>
    <form id="show-form" novalidate>
      <div class="field">
        <label for="show-target">On</label>
        <select id="show-target" name="target" aria-describedby="show-now"></select>
        <p id="show-now" class="hint"></p>
      </div>
      <div class="field">
        <label for="show-message">Message</label>
        <textarea id="show-message" name="message" rows="2" dir="auto"></textarea>
      </div>
      <fieldset>
        <legend>Countdown</legend>
        <div class="choices">${counts.map(choice)}</div>
        <div id="show-duration" class="parts">
          ${part('hours', 'Hours')} ${part('minutes', 'Minutes')} ${part('seconds', 'Seconds')}
        </div>
        <div id="show-until" class="field">
          <label for="show-time">Time</label>
          <input id="show-time" name="time" type="time" aria-describedby="show-zone" />
          <p id="show-zone" class="hint"></p>
        </div>
        <div id="show-details">
          <div class="field">
            <label for="show-label">Label</label>
            <input id="show-label" name="label" type="text" dir="auto" autocomplete="off" placeholder="Exam ends" />
          </div>
          <div id="show-warn" class="field">
            <label for="show-warnings">Warn at</label>
            ${durations('warnings', '5, 1', 'Minutes left, separated by commas; 30 s for seconds.')}
          </div>
        </div>
      </fieldset>
      <div class="field">
        <label for="show-lifetime">Show for</label>
        ${durations('lifetime', '10', 'Minutes; empty: until you change or clear it.')}
      </div>
      <div class="footer">
        <p id="show-problem" class="result" role="alert"></p>
        <div class="buttons last">
          <button id="show-cancel" type="button">Cancel</button>
          <button id="show-submit" type="submit" class="main">Show</button>
        </div>
      </div>
    </form>
  </dialog>`;
}

const counts = [
  ['none', 'None'],
  ['keep', 'Keep'],
  ['duration', 'For a time'],
  ['time', 'Until'],
  ['up', 'Count up'],
] as const;

function choice([value, label]: (typeof counts)[number]): Html {
  return html`<label><input type="radio" name="count" value="${value}" /><span>${label}</span></label>`;
}

function part(name: string, label: string): Html {
  return html`<div class="field">
    <label for="show-${name}">${label}</label>
    <input
      id="show-${name}"
      name="${name}"
      type="text"
      inputmode="numeric"
      maxlength="4"
      autocomplete="off"
      placeholder="0"
    />
  </div>`;
}

function durations(name: string, example: string, hint: string): Html {
  return html`<input
      id="show-${name}"
      name="${name}"
      type="text"
      autocomplete="off"
      placeholder="${example}"
      aria-describedby="show-${name}-hint"
    />
    <p id="show-${name}-hint" class="hint">${hint}</p>`;
}
