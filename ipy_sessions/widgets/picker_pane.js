/* The pane beside the list: what the session is, what can be done with it, and how its conversation ends. */
class Pane {
  constructor(id, act, formats) {
    Object.assign(this, { act, formats, row: null });
    this.title = make('h3', { className: 'ips-called', id: `${id}-called`, dir: 'auto' });
    this.facts = make('p', { className: 'ips-facts', dir: 'auto' });
    this.buttons = make('div', { className: 'ips-buttons', role: 'toolbar' });
    this.buttons.setAttribute('aria-label', 'What to do with this session');
    this.field = make('div', { className: 'ips-field' });
    this.end = make('div', { className: 'ips-end', tabIndex: 0, role: 'region' });
    this.end.setAttribute('aria-label', 'The last turns');
    this.node = make('section', { className: 'ips-pane' },
      make('header', {}, this.title, this.facts, this.buttons, this.field), this.end);
    this.node.setAttribute('aria-labelledby', this.title.id);
    this.show(null);
  }

  show(row) {
    const other = row?.number !== this.row?.number;
    this.row = row;
    this.node.classList.toggle('ips-none', !row);
    if (other) { this.end.replaceChildren(); this.close(); this.below = true; this.name = null; }
    if (!row) { this.facts.textContent = ''; this.turns = null; }
    else {
      this.title.textContent = this.title.title = row.called || row.tail;
      this.told(other ? null : this.turns);
    }
    this.offer(row);
  }

  none(why) { if (!this.row) this.title.textContent = this.title.title = why; }

  told(turns) {
    const { row } = this;
    this.turns = turns;
    const facts = [
      dated(row.modified), turns === null ? '' : `${turns} turn${turns === 1 ? '' : 's'}`, row.model, row.notebook,
      row.tags.map(tag => `#${tag}`).join(' '), row.owner ? `open in ${row.owner}` : '', row.tail,
    ];
    this.facts.textContent = facts.filter(Boolean).join(' · ');
  }

  offer(row) {
    const focused = document.activeElement?.dataset?.do;
    const flag = bit => row && row.flags & bit;
    const offers = row ? [
      ['open', 'Open'], ...(row.owner ? [['read', 'Only read']] : []), ['fork', 'Fork'], ['rename', 'Rename'],
      ['tag', 'Tag'], flag(PINNED) ? ['unpin', 'Unpin'] : ['pin', 'Pin'],
      flag(ARCHIVED) ? ['unarchive', 'Unarchive'] : ['archive', 'Archive'], ['export', 'Export'], ['delete', 'Delete'],
    ] : [];
    const inside = this.buttons.contains(document.activeElement);
    this.buttons.replaceChildren(...offers.map(([name, word]) => {
      const button = make('button', { type: 'button', className: name === 'open' ? 'ips-first' : '' }, word);
      button.dataset.do = name;
      button.addEventListener('click', () => this.begin(name));
      return button;
    }));
    const twin = { pin: 'unpin', unpin: 'pin', archive: 'unarchive', unarchive: 'archive' }[focused];
    if (!inside) return;
    const next = this.buttons.querySelector(`[data-do=${focused}], [data-do=${twin || focused}]`);
    if (next) next.focus();
    else this.onClosed();  // or the next key would be the notebook's
  }

  /* Some actions need a word first, which is asked for in the pane itself. */
  begin(name) {
    if (!this.row) return;
    if (name === 'rename') this.askName();
    else if (name === 'tag') this.askTags();
    else if (name === 'export') this.askFormat();
    else this.act(name);
  }

  ask(label, value, done) {
    const field = make('input', { type: 'text', value, dir: 'auto' });
    field.setAttribute('aria-label', label);
    field.placeholder = label === 'Name' ? 'A name; empty for none' : 'New tags';
    field.addEventListener('keydown', event => {
      if (event.key !== 'Enter' || event.isComposing) return;
      event.stopPropagation();
      this.close(true);
      done(field.value);
    });
    this.field.replaceChildren(field, this.small('Cancel', () => this.close(true)));
    field.focus();
    field.select();
  }

  askName() {
    const { title, flags } = this.row, value = this.name ?? (flags & NAMED ? title : '');
    this.ask('Name', value, text => text !== value && this.act('rename', { name: text }));
  }

  askTags() {
    this.ask('Tags', '', text => text.trim() && this.act('tag', { tags: text }));
    this.field.prepend(...this.row.tags.map(tag => {
      const button = this.small(`#${tag} ×`, () => { this.close(true); this.act('untag', { tags: tag }); });
      button.setAttribute('aria-label', `Take the tag ${tag} away`);
      return button;
    }));
  }

  askFormat() {
    this.field.replaceChildren(
      make('span', {}, 'Export as'),
      ...this.formats.map(format => this.small(format, () => { this.close(true); this.act('export', { format }); })),
      this.small('Cancel', () => this.close(true)));
    this.field.querySelector('button').focus();
  }

  small(word, done) {
    const button = make('button', { type: 'button', className: 'ips-small' }, word);
    button.addEventListener('click', done);
    return button;
  }

  /* Closes what was asked for; returns whether something was. */
  close(back = false) {
    const was = this.field.childElementCount > 0;
    this.field.replaceChildren();
    if (was && back) this.onClosed?.();
    return was;
  }

  preview({ row, turns, earlier, said, name }) {
    if (row !== this.row?.number) return;
    this.name = name;
    this.told(turns);
    const parts = said.map(({ who, when, html }) => {
      const body = make('div', { className: 'ips-said', dir: 'auto' });
      body.innerHTML = html;  // of `render.safe`, in which nothing runs
      const head = make('div', { className: 'ips-who' }, who || 'you', make('span', {}, when));
      return make('article', { className: who ? 'ips-model' : 'ips-you' }, head, body);
    });
    const first = earlier ? [make('p', { className: 'ips-earlier' }, `${earlier} earlier turn${earlier === 1 ? '' : 's'}`)] : [];
    this.end.replaceChildren(...first, ...parts);
    if (!said.length) this.end.append(make('p', { className: 'ips-earlier' }, 'Nothing was said yet.'));
    if (this.below) this.end.scrollTop = this.end.scrollHeight;  // where one reads already, one reads on
    this.below = false;
  }
}
