// Hosts: their names and colours.

const colours = ['#2563eb', '#0f766e', '#b45309', '#7c3aed', '#be185d', '#4d7c0f', '#0369a1', '#475569'];
const painted = new Map();  // from a host, or a host and an instance, to its colour
const crowded = new Set();  // hosts whose name does not tell which instance is meant
const narrow = matchMedia('(max-width: 52rem)');
let domain = '';            // that all hosts have in common

// meet notes which hosts are crowded and which domain all hosts have in common. A host
// is crowded from the first snapshot on in which it has several instances, or in which
// it is the only host and there was more than one instance.
function meet(p) {
	const registered = new Map(); // from a host to the number of its instances
	for (const i of p.instances || []) registered.set(i.host, (registered.get(i.host) || 0) + 1);
	const everybody = [...p.instances || [], ...p.terms || []];
	const all = new Set(everybody.map(x => x.host));
	const alone = all.size === 1 && new Set(everybody.map(x => x.instance)).size > 1;
	for (const host of all) if (alone || registered.get(host) > 1) crowded.add(host);
	const domains = new Set([...all].map(host => host.includes('.', 1) ? host.slice(host.indexOf('.', 1)) : ''));
	domain = all.size > 1 && domains.size === 1 ? [...domains][0] : '';
}

// full names the holder of a term or an instance: by its host, and by the end of its
// UUID too if the host is crowded.
const full = x => called(x.host) + (crowded.has(x.host) ? '/' + short(x.instance) : '');

// paint gives a node the colour of its host, or of its instance if the host is crowded.
function paint(node, x) {
	const key = crowded.has(x.host) ? x.host + '/' + x.instance : x.host;
	if (!painted.has(key)) painted.set(key, colours[painted.size % colours.length]);
	if (node.dataset.host !== key) {
		node.dataset.host = key;
		node.style.setProperty('--host', painted.get(key));
	}
}

// called returns the name of a host if there is room for it. Otherwise it leaves out
// the domain that all hosts have in common, and then the middle of the name.
function called(host) {
	const room = narrow.matches ? 15 : 29;
	if (host.length <= room) return host;
	const runes = Array.from(domain && host.endsWith(domain) ? host.slice(0, -domain.length) : host);
	if (runes.length <= room) return runes.join('');
	const end = (room - 1) / 2;
	return runes.slice(0, room - 1 - end).join('') + '…' + runes.slice(-end).join('');
}
