const ACTIONS = [
  ['switch', 'Go on here', 'The next ask follows this turn'],
  ['fork', 'Fork', 'Go on in a new session that ends with this turn'],
  ['hide', 'Hide', 'Keep this turn from being sent'],
  ['label', 'Label', 'Name this turn'],
  ['show', 'Read', 'Show this turn'],
];

export default live((el, model) => {
  const add = (parent, tag, name, given = {}) => {
    const made = Object.assign(document.createElement(tag), given);
    made.className = name;
    parent.append(made);
    return made;
  };
  el.classList.add('ips-tree');
  const picture = add(el, 'div', 'ips-tree-picture');
  const bar = add(el, 'div', 'ips-tree-bar');
  bar.setAttribute('role', 'toolbar');
  const named = add(bar, 'span', 'ips-tree-named');
  const buttons = Object.fromEntries(ACTIONS.map(([name, textContent, title]) => {
    const button = add(bar, 'button', '', { textContent, title, type: 'button' });
    button.onclick = () => act(name);
    return [name, button];
  }));
  const field = add(bar, 'input', '', { hidden: true, placeholder: 'a name; empty for none' });
  field.setAttribute('aria-label', 'Label of the turn');
  const said = add(el, 'div', 'ips-tree-said');
  said.setAttribute('role', 'status');
  const read = add(el, 'div', 'ips-tree-read jp-RenderedHTMLCommon', { tabIndex: 0 });  // it may scroll
  read.setAttribute('role', 'region');
  read.setAttribute('aria-label', 'What was said');

  let turns = [], chosen = null;
  const draw = () => {
    const svg = new DOMParser().parseFromString(model.get('svg'), 'image/svg+xml').documentElement;
    svg.setAttribute('role', 'group');
    picture.replaceChildren(document.importNode(svg, true));
    turns = [...picture.querySelectorAll('[data-turn]')];
    for (const turn of turns) {
      turn.setAttribute('role', 'button');
      turn.setAttribute('tabindex', '-1');
      turn.setAttribute('aria-label', turn.querySelector('title').textContent);
      const box = turn.getBBox?.();
      if (box) turn.insertBefore(spot(box), turn.firstChild);
    }
    const number = chosen?.dataset.turn;
    choose(turns.find(turn => turn.dataset.turn === number) ?? turns.find(turn => 'here' in turn.dataset) ?? turns[0]);
  };
  const spot = box => {  // what can be clicked is the whole row, and not its letters alone
    const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    for (const [name, value] of Object.entries({ x: box.x - 4, y: box.y - 3, width: box.width + 8,
      height: box.height + 6, rx: 4 })) rect.setAttribute(name, value);
    return rect;
  };
  const choose = turn => {
    chosen?.setAttribute('tabindex', '-1');
    chosen?.removeAttribute('aria-pressed');
    chosen = turn ?? null;
    bar.hidden = !chosen;
    field.hidden = true;
    if (!chosen) return;
    chosen.setAttribute('tabindex', '0');
    chosen.setAttribute('aria-pressed', 'true');
    named.textContent = `Turn ${chosen.dataset.turn}`;
    bar.setAttribute('aria-label', `Turn ${chosen.dataset.turn}`);
    buttons.switch.disabled = 'here' in chosen.dataset;
    buttons.hide.textContent = 'hidden' in chosen.dataset ? 'Send again' : 'Hide';
  };
  const act = name => {
    if (!chosen) return;
    const turn = chosen.dataset.turn;
    if (name === 'label' && field.hidden) {
      field.value = chosen.dataset.label;
      field.hidden = false;
      field.focus();
      return;
    }
    said.textContent = '…';
    const way = name === 'hide' && 'hidden' in chosen.dataset ? 'unhide' : name;
    model.send({ do: way, turn, label: field.value });
  };

  picture.addEventListener('click', event => {
    const turn = event.target.closest('[data-turn]');
    if (turn) { choose(turn); turn.focus(); }
  });
  picture.addEventListener('dblclick', event => { if (event.target.closest('[data-turn]')) act('switch'); });
  picture.addEventListener('keydown', event => {
    const at = turns.indexOf(chosen);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: turns.length - 1 }[event.key];
    if (to !== undefined && turns[to]) { choose(turns[to]); chosen.focus(); }
    else if (event.key === 'Enter') act('switch');
    else if (event.key === ' ') act('show');
    else if (to === undefined) return;
    event.preventDefault();
  });
  field.addEventListener('keydown', event => {
    if (event.key === 'Enter') act('label');
    else if (event.key === 'Escape') { field.hidden = true; chosen?.focus(); }
  });
  model.on('change:svg', () => {
    const held = picture.contains(document.activeElement);
    draw();
    if (held) chosen?.focus();
  });
  model.on('msg:custom', message => {
    said.textContent = message.line;
    read.innerHTML = message.html;  // made safe by the kernel
    field.hidden = true;
  });
  draw();
  new ResizeObserver((_, watcher) => {  // what is not on the page has no size: once it is, the rows get theirs
    if (picture.offsetWidth) { watcher.disconnect(); draw(); }
  }).observe(picture);
});
