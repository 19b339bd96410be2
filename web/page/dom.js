// Parts of the document: how they are made and changed.

const $ = id => document.getElementById(id);

// set changes a text only where it differs, so that what a user has selected stays
// selected.
function set(node, text, title) {
	if (node.textContent !== text) node.textContent = text;
	if (title !== undefined && node.title !== title) node.title = title;
}

// show sets a text, and hides a node that has none.
function show(node, text) {
	set(node, text);
	node.hidden = !text;
}

// keyed makes one child of a parent for each item of a list, in this order. A child
// of the same key that is there already is updated and stays.
function keyed(parent, list, key, make, update) {
	const old = new Map(Array.from(parent.children, node => [node.dataset.key, node]));
	let at = parent.firstElementChild;
	for (const item of list) {
		const k = String(key(item));
		let node = old.get(k);
		old.delete(k);
		if (!node) {
			node = make();
			node.dataset.key = k;
		}
		update(node, item);
		if (node === at) at = at.nextElementSibling;
		else parent.insertBefore(node, at);
	}
	for (const node of old.values()) node.remove();
}

// drawTable draws a list as the rows of a section's table. If the list is empty, the section
// says so instead.
function drawTable(section, list, key, make, update) {
	section.querySelector('.none').hidden = list.length > 0;
	section.querySelector('table').hidden = !list.length;
	keyed(section.querySelector('tbody'), list, key, make, update);
}

// drawLink makes a link the only child of a node, and returns it.
function drawLink(node, href, text) {
	if (!node.firstChild) node.append(element('a'));
	node.firstChild.href = href;
	if (text) set(node.firstChild, text);
	return node.firstChild;
}

function element(name, className, ...children) {
	const node = document.createElement(name);
	if (className) node.className = className;
	node.append(...children);
	return node;
}

// cell makes a cell of a row. On a narrow screen its label stands before it.
function cell(className, label, ...children) {
	const node = element('td', className, ...children);
	node.setAttribute('role', 'cell');
	if (label) node.dataset.label = label;
	return node;
}

function row(...cells) {
	const node = element('tr', '', ...cells);
	node.setAttribute('role', 'row');
	return node;
}
