import { $ } from '../dom.js';

/** The views of the room: one is shown, arrows move between their tabs, the address remembers which. */
export function mountTabs(late) {
  const tabs = [...document.querySelectorAll('[role=tab]')];
  const shown = {};

  const show = async (tab, isChosen) => {
    for (const other of tabs) {
      const view = $(other.getAttribute('aria-controls'));
      const isOn = other === tab;
      other.setAttribute('aria-selected', String(isOn));
      other.tabIndex = isOn ? 0 : -1;
      view.hidden = !isOn;
      if (!isOn) (await shown[view.id])?.(false);
    }
    const view = $(tab.getAttribute('aria-controls'));
    if (isChosen) history.replaceState(null, '', `#${view.id.slice('view-'.length)}`);
    if (late[view.id]) {
      shown[view.id] ??= late[view.id](view);
      (await shown[view.id])(true);
    }
    view.dispatchEvent(new Event('shown'));
  };

  const move = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const at = tabs.indexOf(event.target);
    const to = step ? (at + step + tabs.length) % tabs.length : { Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    tabs[to].focus();
    show(tabs[to], true);
  };

  for (const tab of tabs) {
    tab.addEventListener('click', () => show(tab, true));
    tab.addEventListener('keydown', move);
  }
  const byAddress = () => tabs.find((t) => t.id === `tab-${location.hash.slice(1)}`);
  // Other places of the page have addresses, too.
  addEventListener('hashchange', () => byAddress() && show(byAddress(), false));
  show(byAddress() ?? tabs[0], false);
}
