/* The list: as tall as all rows, with those alone in it that are seen. It knows rows, and nothing of what is done. */
const HEIGHT = 48;  // of a row, in pixels; as in the style sheet

const make = (tag, given = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
};

const flagsOf = row => [
  [row.flags & CURRENT, 'in use here'], [row.owner, 'open elsewhere'], [row.flags & INTERRUPTED, 'interrupted'],
  [row.flags & PINNED, 'pinned'], [row.flags & ARCHIVED, 'archived'], [row.flags & UNWRITTEN, 'in memory'],
].filter(([holds]) => holds).map(([, word]) => word);

class SessionList {
  constructor(id, onSelect, onOpen) {
    Object.assign(this, { id, onSelect, onOpen, rows: [], at: -1, found: null });
    this.space = make('div', { className: 'ips-space', role: 'presentation' });
    this.node = make('div', { className: 'ips-list', id: `${id}-list`, role: 'listbox', tabIndex: 0 }, this.space);
    this.node.setAttribute('aria-label', 'Sessions');
    let due = 0, top = 0;
    this.node.addEventListener('scroll', () => {
      top = this.node.scrollTop;
      due ||= requestAnimationFrame(() => { due = 0; this.draw(); });
    });
    new ResizeObserver(() => {  // what is taken off the page, and put there again, has forgotten where it stood
      if (this.node.clientHeight) { this.node.scrollTop = top; this.draw(); }
    }).observe(this.node);
    this.node.addEventListener('click', event => {
      const at = Math.floor((event.clientY - this.space.getBoundingClientRect().top) / HEIGHT);
      if (event.detail === 2 && at === this.at) this.onOpen();  // `dblclick` needs a row that is not drawn anew
      else if (this.rows[at]) this.select(at);
    });
  }

  get row() { return this.rows[this.at]; }
  get page() { return Math.max(1, Math.floor(this.node.clientHeight / HEIGHT) - 1); }
  get active() { return this.row ? `${this.id}-${this.row.number}` : ''; }

  /* Shows other rows. The one that was selected stays so, where it stood on the screen, if it is among them. */
  fill(rows, { found = null, keep = true } = {}) {
    const number = this.row?.number, top = this.node.scrollTop - Math.max(this.at, 0) * HEIGHT;
    const there = keep && number !== undefined ? rows.findIndex(row => row.number === number) : -1;
    const at = there >= 0 ? there : Math.min(keep ? Math.max(this.at, 0) : 0, rows.length - 1);
    Object.assign(this, { rows, found, at });
    this.space.style.height = `${rows.length * HEIGHT}px`;
    this.node.scrollTop = keep ? Math.max(0, top + at * HEIGHT) : 0;
    this.draw();
    this.onSelect(this.row);
  }

  select(at) {
    this.at = Math.min(Math.max(at, 0), this.rows.length - 1);
    const y = this.at * HEIGHT, { scrollTop, clientHeight } = this.node;
    if (y < scrollTop) this.node.scrollTop = y;
    else if (y + HEIGHT > scrollTop + clientHeight) this.node.scrollTop = y + HEIGHT - clientHeight;
    this.draw();
    this.onSelect(this.row);
  }

  /* The keys that move; returns whether this was one. Home and End belong to a field while one types in it. */
  moves(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: this.page, PageUp: -this.page }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
    if (step) this.select(this.at + step);
    else if (event.target === this.node && event.key === 'Home') this.select(0);
    else if (event.target === this.node && event.key === 'End') this.select(this.rows.length - 1);
    else return false;
    return true;
  }

  draw() {
    const { scrollTop, clientHeight } = this.node;
    const first = Math.max(0, Math.floor(scrollTop / HEIGHT) - 4);
    const last = Math.min(this.rows.length, Math.ceil((scrollTop + (clientHeight || 400)) / HEIGHT) + 4);
    const options = [];
    for (let at = first; at < last; at++) options.push(this.option(this.rows[at], at));
    this.space.replaceChildren(...options);
    if (this.at < first || this.at >= last) this.node.removeAttribute('aria-activedescendant');
    else this.node.setAttribute('aria-activedescendant', this.active);
  }

  option(row, at) {
    const flags = flagsOf(row), pieces = this.found?.get(row.number);  // of the best alone
    const title = make('span', { className: 'ips-title', dir: 'auto', title: row.called }, row.called || row.tail);
    const time = make('span', { className: 'ips-time', title: dated(row.modified) }, ago(row.modified));
    const about = make('span', { className: 'ips-about', dir: 'auto' });
    if (pieces) about.append(...pieces.map(([text, meant]) => meant ? make('mark', {}, text) : text));
    else {
      const said = row.flags & NAMED ? row.more : '';
      about.append([stem(row.notebook), ...row.tags.map(tag => `#${tag}`), said].filter(Boolean).join(' · ') || row.model);
    }
    const marks = flags.map(word => make('span', { className: `ips-flag ips-${word.split(' ').join('-')}` }, word));
    const option = make('div', { id: `${this.id}-${row.number}`, role: 'option', className: 'ips-row' },
      make('div', { className: 'ips-line' }, title, time), make('div', { className: 'ips-line' }, about, ...marks));
    option.style.top = `${at * HEIGHT}px`;
    option.setAttribute('aria-selected', at === this.at);
    option.setAttribute('aria-posinset', at + 1);
    option.setAttribute('aria-setsize', this.rows.length);
    return option;
  }
}
