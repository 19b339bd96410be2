// The page of one run.

let shownRun; // the run that was read last

// readRun reads a run with the token if there is one, and otherwise what everybody may see.
async function readRun(signal) {
	if (token && hasToken) {
		const response = await withToken('GET', runPath(route.job, route.run), signal);
		if (response.ok) return { run: await response.json(), full: true };
		if (response.status !== 401) throw await refusal(response);
		remember('');
	}
	return { run: await readJSON('page/run?' + new URLSearchParams({ job: route.job, run: route.run }), signal), full: false };
}

function drawRun({ run, full: all }) {
	shownRun = run;
	const section = $('run'), attempts = run.attempts || [];
	set($('run-title'), visible(run.id));
	const path = runPath(run.job, run.run);
	drawButtons(section.querySelector('.asks'), !hasToken ? [] : [
		...(!ended(run.status) && !run.cancel ? [['Cancel', () => actWithReason({
			title: 'Cancel this run?', text: run.status === 'waiting' ? 'It will not be started.' : 'It is told to stop, and killed if it does not.', ok: 'Cancel the run',
		}, path + '/cancel', 'It was asked to be cancelled.')]] : []),
		...(!run.open && ['failed', 'timed out', 'exited', 'cancelled'].includes(run.status) ? [['Retry', () => act('POST', path + '/retry', 'It waits again.')]] : []),
	], run.id);
	const p = run.progress, c = run.cancel;
	const time = (name, text) => [name, text && (node => ticking(() => set(node, stamp(text) + ' UTC, ' + ago(text, now()), local(text))))];
	drawFacts(section.querySelector('dl'), [
		['Status', node => {
			if (!node.firstChild) node.append(element('span'));
			outcome(node.firstChild, run.status);
		}],
		['Progress', p && (node => {
			if (!node.firstChild) node.append(element('progress'), element('span'));
			const [bar, text] = node.children;
			bar.max = 100;
			bar.value = p.percent;
			bar.setAttribute('aria-label', 'Progress');
			ticking(() => set(text, p.percent + ' %' + (p.text ? ', ' + visible(p.text) : '') + ', ' + ago(p.at, now()), exact(p.at)));
		})],
		['Cancel request', c && (node => ticking(() => set(node, (c.by ? 'by ' + visible(c.by) : 'yes') + (c.why ? ': ' + visible(c.why) : '') + (c.at ? ', ' + ago(c.at, now()) : ''), c.at ? exact(c.at) : '')))],
		['Remark', visible(run.remark || '')],
		['Job', node => drawLink(node, toJob(run.job), run.job)],
		['Asked for by', visible(askedBy(run.trigger)) + (run.by ? ', ' + visible(run.by) : '')],
		['Retried by', visible(run.retriedBy || '')],
		['Parent', run.parent && (node => {
			const [job, id] = cutOnce(run.parent);
			drawLink(node, toRun(job, id), visible(run.parent));
		})],
		time('Slot', run.slot),
		time('Recorded', run.at),
		time('Due', run.status === 'waiting' && run.due),
		time('Ended', run.endedAt),
		['Priority', run.priority ? String(run.priority) : ''],
		['Failures', run.failures ? String(run.failures) : ''],
		['Interruptions', run.interruptions ? String(run.interruptions) : ''],
		['Payload SHA-256', run.payloadSha256],
	]);
	drawTable(section, attempts, a => a.attempt, () => row(
		cell('first', ''),
		cell('name', '', element('span', 'swatch'), element('span')),
		cell('number right', ''),
		cell('', 'from'),
		cell('', 'to'),
		cell('', '', element('span')),
		cell('number', 'exit code'),
		cell('number', 'term'),
		cell('', '', element('code')),
	), (node, a) => {
		const [number, host, length, from, to, end, code, term, id] = node.children;
		const name = visible(a.host || '');
		set(number, '#' + a.attempt);
		paint(host.firstChild, { host: a.host || '', instance: a.instance });
		set(host.lastChild, called(name), name);
		if (a.to) set(length, brief(a.lengthSeconds || 0));
		else ticking(() => set(length, span((now() - new Date(a.from)) / 1000)));
		set(from, stamp(a.from), local(a.from));
		set(to, a.to ? stamp(a.to) : '', local(a.to));
		outcome(end.firstChild, a.end || 'processing', visible(a.end || 'goes on'));
		set(code, typeof a.exitCode === 'number' ? String(a.exitCode) : '');
		set(term, String(a.term || ''));
		set(id.firstChild, short(a.instance), a.instance || '');
	});
	drawSecret(run, all);
}

// drawSecret draws what needs the token, or says how to see it.
function drawSecret(run, all) {
	const [line, button] = $('secret').children;
	$('secret').hidden = all;
	set(line, hasToken ? 'What a run writes and returns may hold secrets: it is shown with the token of the API.'
		: 'What a run writes and returns may hold secrets, and this instance has no token (UNDERSTUDY_API_TOKEN_FILE), so it is not shown here. Use: understudy runs show ' + "'" + run.id + "'" + ' --output');
	button.hidden = !hasToken;
	button.onclick = async () => {
		if (await askToken(false)) poll();
	};
	if (all) followOutput(run);
	else leaveOutput();
	const result = !all ? '' : run.result ? visible(run.result) : run.resultBase64 ? 'not text, in base64:\n' + run.resultBase64 : '';
	$('result-title').hidden = !result;
	show($('result'), result);
	drawOutputNote();
}

// cutOnce returns what is before and after the first slash.
function cutOnce(text) {
	const at = text.indexOf('/');
	return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
