/* The picker: joins the fields, the list and the pane, and speaks with the kernel. */
const LOOK = 2000;  // milliseconds between two questions whether something has changed
const PAUSE = 120, LONG_PAUSE = 250;  // … after a key, before the preview and the full text are asked for
const PATIENCE = 1500;  // … without an answer, until that is said
const GIVEN_UP = 60000;  // … until it is asked again: an answer may be lost, and a busy kernel owes but a few

const choice = (label, options) => {
  const menu = make('select', {}, ...options.map(([value, text]) => make('option', { value }, text)));
  menu.setAttribute('aria-label', label);
  return menu;
};

const paused = (time, act) => { let timer; return (...given) => { clearTimeout(timer); timer = setTimeout(act, time, ...given); }; };

class SessionPicker {
  constructor(model, el) {
    this.model = model;
    this.id = `ses${Math.random().toString(36).slice(2)}`;
    this.page = model.get('page');
    this.skipped = this.page.skipped;
    this.rows = new Map();
    this.found = null;
    this.waiting = 0;  // until when an answer may still come
    this.coming = Promise.resolve();
    this.list = new SessionList(this.id, row => this.selected(row), () => this.act('open'));
    this.pane = new Pane(this.id, (name, more) => this.act(name, more), this.page.formats);
    this.pane.onClosed = () => this.list.node.focus();
    this.askPreview = paused(PAUSE, () => this.list.row && this.send('preview', { row: this.list.row.number }));
    this.askText = paused(LONG_PAUSE, text => this.send('search', { text }));
    this.build(el);
    this.take(this.page.columns);
    this.listen();
  }

  build(el) {
    this.query = make('input', { type: 'search', placeholder: 'Search sessions', dir: 'auto', autocomplete: 'off', spellcheck: false });
    for (const [name, value] of Object.entries({
      role: 'combobox', 'aria-label': 'Search sessions', 'aria-controls': this.list.node.id, 'aria-expanded': 'true',
      'aria-autocomplete': 'list', title: 'Words; also tag:x model:y notebook:z after:2026-01-31 before:…',
    })) this.query.setAttribute(name, value);
    this.deep = make('input', { type: 'checkbox' });
    this.order = choice('Sort by', [['modified', 'Last message'], ['title', 'Name'], ['created', 'Created'], ['notebook', 'Notebook']]);
    this.kind = choice('Which', [['all', 'All sessions'], ['pinned', 'Pinned'], ['interrupted', 'Interrupted'], ['elsewhere', 'Open elsewhere'], ['archived', 'Archived']]);
    this.notebook = choice('Notebook', [['', 'Any notebook']]);
    this.modelMenu = choice('Model', [['', 'Any model']]);
    this.tag = choice('Tag', [['', 'Any tag']]);
    this.days = choice('Last message', [['', 'Any time'], ['1', 'Last day'], ['7', 'Last 7 days'], ['30', 'Last 30 days'], ['365', 'Last year']]);
    this.status = make('span', { className: 'ips-status', role: 'status' });
    this.count = make('span', { className: 'ips-count', role: 'status' });
    this.undo = make('span');
    const alone = [['new', 'New'], ['continue', 'Continue the latest'], ['close', 'Close']].map(([name, word]) => {
      const button = make('button', { type: 'button' }, word);
      button.addEventListener('click', () => this.act(name));
      return button;
    });
    this.root = make('div', { className: 'ips-picker', role: 'group' },
      make('div', { className: 'ips-top' }, this.query,
        make('label', { className: 'ips-deep' }, this.deep, ' In all text'), this.order),
      make('div', { className: 'ips-menus' }, this.kind, this.notebook, this.modelMenu, this.tag, this.days, this.count),
      make('div', { className: 'ips-panes' }, this.list.node, this.pane.node),
      make('div', { className: 'ips-bottom' }, make('span', { className: 'ips-says' }, this.status, this.undo), ...alone));
    this.root.setAttribute('aria-label', 'Choose a session');
    Object.assign(el.style, { flex: 1, minWidth: 0, width: '100%' });  // the root takes its width from outside
    el.append(this.root);
  }

  listen() {
    this.query.addEventListener('input', () => this.narrow());
    for (const menu of [this.deep, this.kind, this.notebook, this.modelMenu, this.tag, this.days]) {
      menu.addEventListener('change', () => this.narrow());
    }
    this.order.addEventListener('change', () => { this.sort(); this.narrow(); });
    this.root.addEventListener('keydown', event => this.key(event));
    this.model.on('msg:custom', (message, buffers) => this.hear(message, buffers));
    const timer = setInterval(() => this.look(), LOOK);
    for (const end of ['destroy', 'comm_live_update']) this.model.on(end, () => clearInterval(timer));
    requestAnimationFrame(() => setTimeout(() => this.send('rest')));  // when the first rows are painted
  }

  // Rows

  take(columns, { whole = false, gone = [] } = {}) {
    if (whole) this.rows.clear();
    for (const number of gone) this.rows.delete(number);
    for (const row of rowsOf(columns)) this.rows.set(row.number, row);
    this.total = whole || gone.length || this.whole ? this.rows.size : this.page.total;
    this.whole ||= whole;
    this.sort();
    this.fillMenus();
    this.narrow(true);
  }

  sort() { this.sorted = [...this.rows.values()].sort(ORDERS[this.order.value]); }

  fillMenus() {
    const rows = this.sorted;
    const here = this.page.notebook;
    const refill = (menu, pairs) => {
      const { value } = menu;
      const options = pairs.map(([name, count]) => make('option', { value: `=${name}` }, `${name || 'None'} (${count.toLocaleString('en')})`));
      menu.replaceChildren(menu.firstElementChild, ...options);
      menu.value = value;
      if (menu.selectedIndex < 0) menu.selectedIndex = 0;
    };
    const notebooks = counted(rows.map(row => row.notebook));
    refill(this.notebook, [...notebooks.filter(([name]) => name === here && name), ...notebooks.filter(([name]) => name !== here || !name)]);
    refill(this.modelMenu, counted(rows.map(row => row.model)));
    refill(this.tag, counted(rows.flatMap(row => row.tags)));
  }

  /* Shows those that are wanted. `keep` where the rows have changed and not what is wanted of them. */
  narrow(keep = false) {
    const typed = this.query.value, words = asked(typed).typed.join(' ');
    const chosen = menu => menu.value ? menu.value.slice(1) : null;
    const menus = {
      kind: this.kind.value, notebook: chosen(this.notebook), model: chosen(this.modelMenu), tag: chosen(this.tag),
      days: Number(this.days.value),
    };
    if (!this.deep.checked || !words) this.found = null;
    else if (words !== this.lookedFor) this.askText(words);
    this.lookedFor = this.deep.checked ? words : null;
    const shown = this.sorted.filter(taker(typed, menus, this.found));
    if (this.found) {  // the best first; what is called so alone, behind
      const places = new Map([...this.found.keys()].map((number, at) => [number, at]));
      const place = row => places.get(row.number) ?? places.size;
      shown.sort((a, b) => place(a) - place(b));
    }
    this.list.fill(shown, { found: this.found, keep });
    const of = menus.kind === 'all' && !typed ? '' : ` of ${this.total.toLocaleString('en')}`;
    const there = this.whole ? shown.length : typed ? shown.length : Math.max(shown.length, this.page.shown);
    const { length } = this.skipped;
    const skipped = length ? ` · ${length.toLocaleString('en')} unreadable file${length === 1 ? '' : 's'}` : '';
    this.count.textContent = `${there.toLocaleString('en')}${of} session${there === 1 && !of ? '' : 's'}${skipped}`;
    this.count.title = this.skipped.slice(0, 9).join('\n');
    this.pane.none(this.rows.size ? 'No session is like that' : 'No session yet: ask something, and there is one');
  }

  selected(row) {
    this.query.setAttribute('aria-activedescendant', this.list.active);
    if (row && row === this.pane.row) return;
    this.pane.show(row ?? null);
    if (row) this.askPreview();
  }

  // Keys

  key(event) {
    if (event.isComposing) return;
    const { key, target } = event;
    const inField = this.pane.field.contains(target), onList = target === this.list.node;
    const choosing = target === this.query || onList;
    if (key === 'Escape') this.escape(target);
    else if (key === 'F2') this.pane.begin('rename');
    else if (choosing && key === 'Enter') this.act('open');
    else if (onList && key === 'Delete') this.act('delete');
    else if (!choosing || inField || !this.list.moves(event)) {
      if (onList && key.length === 1 && !event.ctrlKey && !event.metaKey) this.query.focus();  // which then gets it
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  escape(from) {
    if (this.pane.close(true)) return;
    if (from.tagName === 'SELECT') this.query.focus();
    else if (this.query.value) { this.query.value = ''; this.narrow(); this.query.focus(); }
    else this.act('close');
  }

  // The kernel

  send(name, more = {}) { this.model.send({ do: name, ...more }); }

  look() {
    if (Date.now() < this.waiting || document.hidden || !this.root.offsetParent) return;
    this.waiting = Date.now() + GIVEN_UP;
    this.send('fresh');
  }

  act(name, more = {}) {
    const row = this.list.row;
    if (!row && !['new', 'continue', 'close', 'restore'].includes(name)) return;
    this.say('…');
    clearTimeout(this.late);
    this.late = setTimeout(() => this.say('The kernel is busy: this is done as soon as it is free.'), PATIENCE);
    this.send(name, { row: row?.number, ...more });
  }

  say(text, well = true) {
    this.status.replaceChildren(...text.split('`').map((part, at) => at % 2 ? make('code', {}, part) : part));
    this.status.classList.toggle('ips-wrong', !well);
    this.undo.replaceChildren();
  }

  hear(message, buffers) {
    if (message.kind === 'rows') this.coming = this.coming.then(() => this.hearRows(message, buffers));  // in their order
    else if (message.kind === 'preview') this.pane.preview(message);
    else if (message.kind === 'found' && message.text === this.lookedFor) {
      this.found = new Map(message.found);
      this.narrow(this.list.at > 0);  // whoever has moved on meanwhile stays there
    } else if (message.kind === 'said') this.hearSaid(message);
  }

  async hearRows(message, buffers) {
    this.waiting = 0;
    const otherwise = message.skipped.length !== this.skipped.length;
    this.skipped = message.skipped;
    if (buffers?.length) this.take(await unpacked(buffers[0]), message);
    else if (message.gone.length) this.take({ title: [] }, message);
    else if (otherwise) this.narrow(true);
  }

  hearSaid({ text, well, do: done, row }) {
    clearTimeout(this.late);
    if (done === 'fresh') { this.waiting = 0; return; }
    this.say(text, well);
    if (done !== 'delete' || !well) return;
    const button = make('button', { type: 'button', className: 'ips-small' }, 'Undo');
    button.addEventListener('click', () => { this.act('restore', { row }); this.list.node.focus(); });
    this.undo.replaceChildren(button);
  }
}

export default live((el, model) => { new SessionPicker(model, el); });
