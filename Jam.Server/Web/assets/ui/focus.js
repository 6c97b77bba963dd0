// What has the focus may vanish, or be switched off, by what it does itself or by what the room says. Whoever has the keyboard alone goes on
// beside it then, and not from the page's beginning.

const FOCUSABLE = 'a[href], button, select, summary, input:is([type=range], [type=checkbox], [type=radio])';

const isShown = (e) => e.isConnected && (e.checkVisibility ? e.checkVisibility() : e.getClientRects().length > 0);
const isUsable = (e) => isShown(e) && !e.matches(':disabled');

/** Where an element stands, from within to without: [{parent, at}]. */
function placeOf(element) {
  const place = [];
  for (let e = element; e.parentElement; e = e.parentElement)
    place.push({ parent: e.parentElement, at: [...e.parentElement.children].indexOf(e) });
  return place;
}

const usableIn = (element) =>
  [element, ...element.querySelectorAll(FOCUSABLE)].filter((e) => e.matches(FOCUSABLE) && e.tabIndex >= 0 && isUsable(e));

/** What comes after a place, or else before it, as near to it as there is something; what does the same as another before what does not. */
function beside(place, does) {
  for (const { parent, at } of place) {
    if (!isShown(parent)) continue;
    const all = [...parent.children];
    for (const [child, end] of [
      ...all.slice(at).map((c) => [c, 0]),
      ...all
        .slice(0, at)
        .reverse()
        .map((c) => [c, -1]),
    ]) {
      const usable = usableIn(child);
      if (usable.length > 0) return usable.find((e) => does && e.dataset.does === does) ?? usable.at(end);
    }
  }
  return null;
}

/**
 * Keeps the focus on the page. Returns what is to be called whenever something may have vanished.
 * @param mayWait whether what is switched off at the moment will be back by itself
 */
export function keepFocus(mayWait = () => false) {
  let last = null;
  let place = [];
  let isWaiting = false;
  let isDue = false;

  function look() {
    isDue = false;
    const held = document.activeElement;
    if (!last || (held !== last && held !== document.body && held !== null)) return;
    if (isUsable(last)) {
      // It was left on purpose, unless it was only switched off for a while.
      if (held !== last && isWaiting) last.focus({ preventScroll: true });
      else if (held !== last) last = null;
      isWaiting = false;
      return;
    }
    isWaiting = isShown(last) && mayWait();
    if (!isWaiting) beside(place, last.dataset.does)?.focus();
  }

  function lookSoon() {
    if (!isDue) requestAnimationFrame(look);
    isDue = true;
  }

  const remember = () => last?.isConnected && (place = placeOf(last));
  addEventListener('focusin', ({ target }) => {
    last = target;
    isWaiting = false;
    remember();
  });
  // It may have been moved since; what follows may be its end.
  for (const type of ['keydown', 'pointerdown']) addEventListener(type, remember, true);
  for (const type of ['focusout', 'click', 'keyup']) addEventListener(type, lookSoon);
  return lookSoon;
}
