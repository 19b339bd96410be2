// What the page knows, and how it gets to know it.

let name = 'understudy'; // of the group
let snapshot;            // the latest snapshot of the group
let seen = 0;            // when that snapshot was received first, by this page's own clock
let elapsed = 0;         // seconds since then; it stands still while there is a problem
let problem;             // why there is no newer snapshot, or undefined
let live = [];           // nodes that count up between two snapshots, each with a function that draws it

// counting draws a node with the seconds that have elapsed since the snapshot, now and
// then again and again.
function counting(node, draw) {
	live.push([node, draw]);
}

// count draws what counts up. What is out of date stands still.
function count() {
	if (!snapshot || problem) return;
	elapsed = (performance.now() - seen) / 1000;
	for (const [node, draw] of live) draw(node, elapsed);
}

// redraw draws the snapshot again, for another width of the window for example.
function redraw() {
	if (!snapshot) return;
	live = [];
	drawBanner();
	drawInstances(snapshot);
	drawTerms(snapshot);
	for (const [node, draw] of live) draw(node, elapsed);
}

// drawSelf says at the bottom of the page which instance serves it.
function drawSelf(self) {
	set($('self'), 'Served by Understudy ' + numbered(self.version) + ', ' + (!self.instance ? 'not registered' : 'instance ' + short(self.instance) + ', ' + self.role
		+ (self.term ? ' in term ' + self.term : '')), self.instance || '');
}

// received takes an event: a snapshot, or the reason why there is none.
function received(event) {
	name = event.group;
	set($('group'), name);
	if (event.self) drawSelf(event.self);
	if (event.error) {
		lost({ line: 'No news from the registry, retrying', detail: event.problem, cause: event.error, self: event.self });
		return;
	}
	const news = !snapshot || problem;
	if (!snapshot || snapshot.at !== event.at) seen = performance.now();
	snapshot = event;
	problem = undefined;
	set($('clock'), stamp(event.at) + ' UTC by the registry’s clock', local(event.at));
	meet(event);
	redraw();
	count();
	if (news) poll(); // the registry answers
}

function lost(p) {
	problem = p;
	drawBanner();
}

// watch receives events, and connects again whenever the connection ends or is silent.
function watch() {
	const source = new EventSource('events');
	let quiet;
	const again = (detail, pause) => {
		source.close();
		clearTimeout(quiet);
		lost({ line: 'Connection lost, retrying', detail });
		setTimeout(watch, pause);
	};
	const wait = () => {
		clearTimeout(quiet);
		quiet = setTimeout(again, 8000, 'This instance has sent nothing for 8 s.', 0);
	};
	source.onmessage = message => {
		wait();
		received(JSON.parse(message.data));
	};
	source.onerror = () => {
		if (source.readyState === EventSource.CLOSED) again('This instance refuses to send events: it may have too many clients.', 2000);
		else lost({ line: 'Connection lost, retrying', detail: 'This instance does not answer. It may have stopped; the others serve this page, too.' });
	};
	wait();
}

narrow.onchange = () => { redraw(); drawView(); };
watch();
enter();
setInterval(count, 250);
