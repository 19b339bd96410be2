// The timeline of the last hours: attempts of runs, in lanes, over the terms they were in.

const ranges = [['15 min', 0.25], ['1 h', 1], ['6 h', 6], ['24 h', 24]];
let hours = 6;
let unrolled = false; // whether all lanes are shown
let past;             // the timeline that was read last, with the question that it answers
const maxLanes = 12;

// readTimeline reads it again when it is ten seconds old, or when other jobs are shown.
async function readTimeline(signal) {
	const question = String(questionOf());
	if (!past || past.question !== question || performance.now() - past.read > 9500) {
		const timeline = await readJSON('page/timeline?' + question, signal);
		past = { question, read: performance.now(), timeline };
	}
	return { timeline: past.timeline };
}

function drawTimeline({ timeline, list }) {
	const section = $('lanes');
	keyed($('range'), ranges, ([name]) => name, () => element('button', 'act'), (button, [name, n]) => {
		button.type = 'button';
		set(button, name);
		button.setAttribute('aria-pressed', String(hours === n));
		button.onclick = () => { hours = n; drawView(); };
	});
	const draw = () => {
		const end = now(), start = end - hours * 3600e3;
		const at = text => (new Date(text) - start) / (end - start) * 100;
		const spans = timeline.spans.filter(s => new Date(s.to || end) > start && new Date(s.from) <= end);
		const lanes = new Map();
		for (const s of spans.toSorted((a, b) => new Date(a.from) - new Date(b.from))) {
			if (!lanes.has(s.job)) lanes.set(s.job, []);
			lanes.get(s.job).push(s);
		}
		const names = [...lanes.keys()].sort();
		const drawn = unrolled || names.length <= maxLanes ? names : names.slice(0, maxLanes);
		show(section.querySelector('.none'), names.length ? '' : list.total ? 'No run in this time.' : '');
		$('plot').hidden = !names.length;
		drawBands(start, end);
		keyed($('plot').querySelector('ol'), drawn, job => job, () => element('li', 'lane', element('a'), element('div', 'track')), (lane, job) => {
			const [name, track] = lane.children;
			set(name, job, job);
			name.href = toJob(job);
			const rows = []; // until when each of them is taken
			keyed(track, lanes.get(job), s => s.run + ' ' + s.attempt, () => {
				const bar = element('a');
				bar.tabIndex = -1;
				return bar;
			}, (bar, s) => {
				const left = Math.max(0, at(s.from)), right = Math.min(100, s.to ? at(s.to) : 100);
				let n = rows.findIndex(taken => taken <= left);
				if (n < 0) n = rows.length < 4 ? rows.length : 3;
				rows[n] = right;
				const how = s.to ? s.last ? s.status : s.end : 'processing';
				bar.className = 'span ' + looksOf(how) + (s.from && at(s.from) < 0 ? ' cut' : '');
				bar.href = toRun(s.job, s.run);
				bar.style.left = left.toFixed(2) + '%';
				bar.style.width = Math.max(0, right - left).toFixed(2) + '%';
				bar.style.setProperty('--row', n);
				const title = s.job + ', ' + how + '\n' + brief((new Date(s.to || end) - new Date(s.from)) / 1000) + ' from ' + stamp(s.from) + ' UTC\nattempt ' + s.attempt + ', term ' + s.term + '\n' + s.run;
				if (bar.title !== title) bar.title = title;
			});
			track.style.setProperty('--rows', Math.max(1, rows.length));
			lane.setAttribute('aria-label', job + ': ' + lanes.get(job).length + ' attempts');
		});
		const [left, middle] = $('scale').children;
		set(left, stamp(new Date(start).toISOString()).slice(0, -3));
		set(middle, stamp(new Date((start + end) / 2).toISOString()).slice(0, -3));
		const since = new Date(timeline.since).getTime();
		const missing = since > start + 60e3 ? 'Runs from before ' + stamp(timeline.since) + ' UTC are not drawn: there are too many.' : '';
		const more = names.length > drawn.length ? names.length - drawn.length + ' more jobs of this page had runs.' : '';
		const line = $('lanes-note');
		line.hidden = !missing && !more;
		if (!line.firstChild) {
			const all = element('button', '', 'show them');
			all.type = 'button';
			all.onclick = () => { unrolled = true; drawView(); };
			line.append(element('span'), ' ', all);
		}
		set(line.firstChild, [missing, more].filter(Boolean).join(' '));
		line.querySelector('button').hidden = !more;
	};
	let last = -Infinity;
	ticking(() => {
		if (performance.now() - last < 1000) return;
		last = performance.now();
		draw();
	});
}

// drawBands draws the terms behind the lanes.
function drawBands(start, end) {
	const terms = (snapshot && snapshot.terms || []).filter(t => new Date(t.to || end) > start && new Date(t.from) < end);
	keyed($('bands'), terms, t => t.term, () => element('div', 'band', element('span')), (band, t) => {
		const left = Math.max(0, (new Date(t.from) - start) / (end - start) * 100);
		const right = Math.min(100, t.to ? (new Date(t.to) - start) / (end - start) * 100 : 100);
		paint(band, t);
		band.style.left = left.toFixed(2) + '%';
		band.style.width = Math.max(0, right - left).toFixed(2) + '%';
		band.title = 'term ' + t.term + ', ' + t.host;
		set(band.firstChild, t.term + ' ' + full(t));
	});
}
