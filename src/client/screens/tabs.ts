import { element } from '../browser.ts';

/** The ids of the panels, in the order of their tabs. */
const panels = ['screens', 'accounts'] as const;
type PanelName = (typeof panels)[number];

/** Connects the tabs. The address contains the selected one. `onShow` is called with each panel that is shown. */
export function connectTabs(onShow: (panel: PanelName) => void): void {
  const show = (shown: PanelName): void => {
    for (const panel of panels) {
      const tab = element(`${panel}-tab`);
      tab.setAttribute('aria-selected', String(panel === shown));
      tab.tabIndex = panel === shown ? 0 : -1;
      element(panel).hidden = panel !== shown;
    }
    onShow(shown);
  };
  const choose = (panel: PanelName): void => {
    history.replaceState(null, '', panel === 'screens' ? location.pathname : `#${panel}`);
    show(panel);
  };
  panels.forEach((panel, index) => {
    const tab = element(`${panel}-tab`);
    tab.addEventListener('click', () => choose(panel));
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      const next = step === undefined ? undefined : panels[(index + step + panels.length) % panels.length];
      if (next === undefined) return;
      choose(next);
      element(`${next}-tab`).focus();
    });
  });
  show(panels.find((panel) => location.hash === `#${panel}`) ?? 'screens');
}
