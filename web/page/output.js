// What a run writes. It is followed while the run goes on, and read once more at its end.

const maxShown = 1 << 20; // characters that are in the document
let output;               // of the run that is shown: { id, stop, attempt, live, done }

// followOutput sees that the output of a run is read. The run was read a moment ago.
function followOutput(run) {
	if (!output || output.id !== run.id) leaveOutput();
	output = output || { id: run.id };
	const live = !ended(run.status);
	if (output.stop || !run.attempt || !live && output.done === run.attempt) return;
	const stop = output.stop = new AbortController();
	const own = output;
	readOutput(run, live, stop.signal).then(() => {
		if (!live) own.done = run.attempt;
		own.problem = '';
	}, error => {
		if (!stop.signal.aborted) own.problem = String(error.message || error);
	}).finally(() => {
		own.stop = undefined;
		if (own === output) drawOutputNote();
	});
}

function leaveOutput() {
	if (output && output.stop) output.stop.abort();
	output = undefined;
	$('output').replaceChildren();
}

// pauseOutput ends the connection while nobody looks: a browser has few of them for all
// of its tabs. What was read stays, and is read again later.
function pauseOutput() {
	if (output && output.stop) output.stop.abort();
}

async function readOutput(run, live, signal) {
	const response = await withToken('GET', runPath(run.job, run.run) + '/output' + (live ? '?follow=1' : ''), signal);
	if (!response.ok) throw await refusal(response);
	const box = $('output'), reader = response.body.getReader(), decoder = new TextDecoder();
	let length = 0, first = true, cr = '';
	for (;;) {
		const { done, value } = await reader.read();
		if (signal.aborted) return;
		let text = cr + decoder.decode(value, { stream: !done });
		cr = !done && text.endsWith('\r') ? '\r' : ''; // its newline may come with the next piece
		text = visible(cr ? text.slice(0, -1) : text);
		const pinned = first || box.scrollHeight - box.scrollTop - box.clientHeight < 40;
		if (first) box.replaceChildren();
		first = false;
		if (text) {
			box.append(text);
			length += text.length;
			box.hidden = false;
		}
		while (length > maxShown && box.firstChild) {
			length -= box.firstChild.data.length;
			box.firstChild.remove();
		}
		if (pinned && live) box.scrollTop = box.scrollHeight;
		if (done) return;
	}
}

function drawOutputNote() {
	const run = shownRun;
	const size = run && run.output && run.output.bytes;
	const parts = [];
	if (size) parts.push(bytes(size));
	if (output && output.stop && run && !ended(run.status)) parts.push('live');
	if (output && output.problem) parts.push(output.problem);
	if (run && run.attempt && ended(run.status) && !size && !$('output').firstChild) parts.push('none');
	set($('output-title').lastElementChild, parts.join(', '));
	$('output').hidden = !$('output').firstChild;
}
