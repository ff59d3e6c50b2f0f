"""Writes docs/uniformity.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.uniformity.comparing import Compared, Study
    from benchmarks.uniformity.statistics import Auc
    from tests.support.uniformity.observing import Asked, Seen
    from tests.support.uniformity.proof import Proof
    from tests.support.uniformity.states import State
    from tests.support.uniformity.steps import Step

_INTRODUCTION = """\
# Uniform answers

Written by `make uniformity`; run it to get your own machine's figures. Whoever an address belongs
to, or nobody: the same answer by the same work. Two things are looked at: what an answer is and
what is done for it, which a machine can compare exactly; and how long it takes, which it can't.

## Answers and work

Each request goes through the local gateway to the real handlers, with an emulated store that is
put back after every one. Compared are the status, each header's name and value but the request's
id and date, the body's bytes, the kinds, tables and number of AWS calls in their order, and each
hash with its cost. For addresses with the same failures behind them also the calls' conditions
and updates, and the messages on the queue. Random values (ids, tokens, cookies) are compared by
length; addresses all have one length and are compared as one. Where a step says something of a
domain's single sign-on, addresses of one domain are compared; a new password's refusal is
compared for one password.

Pairs are asked as well: sign up under each address, then sign in with that sign-up's password: in
the browser that signed up and in another one, at once, after a resend, and after the owner of a
taken address has confirmed it. The browser that signed up has a ticket, so a second hash is
compared there, whoever has the address. Whether the worker mails a link for the right password of a
waiting sign-up is a flag of the message, which is left out of the comparison.

`make test` asks all of it too, and puts in faults, each of which has to be found by name: an early
return, a stale cost of the hash for nobody, a hash skipped for an empty password, mail sent in the
request, two locks for known users only, one header more, a ticket that counts for free addresses
only, an answer of its own for a waiting sign-up's password.

| step | states | requests | status | body, bytes | AWS calls | hashes | differences |
|---|---|---|---|---|---|---|---|
"""
_STATES = """
The states: {states}.

With each password: the state's own, {passwords}. At each moment: {moments}.
"""
_COUNTS = """
## Functions called

What a clock can't resolve can be counted: the functions, Python's and C's, that one warm sign-in
calls. Where there is no row, a decoy of the usual shape is read in its place. `make test` holds
every state within 1 % of the first; a decoy that costs nothing is among the faults that it finds.
What is left comes with the number of somebody's accounts, and with failures before.

| state | functions | more than the first state |
|---|---|---|
{lines}
"""
_TIMING = """
## Time

Every state once a round, each round in an order of its own, in one process without garbage
collections in between. DynamoDB and SQS answer with prepared bytes below botocore: the rows
are the proof's own, so the SDK reads what it would read, and the network and the database don't
count. An emulator would take time of its own that DynamoDB doesn't take.

- **Median** times of an answer in milliseconds, as somebody waits for it and as the process
  computes; the ratio is of the waiting.
- **AUC** is Mann-Whitney's: the chance that an answer of this state takes longer than one of the
  first state, 0.5 where nothing can be told. In brackets DeLong's 95 % interval.
- **Smallest visible**: the constant difference that a study of this size finds four times in five.
  On a busy machine it is large, and "none" says less. Before decoys were read, a user took 130 to
  360 µs longer than nobody; where that is smaller than what is visible, go by the functions called.
- "unknown, another" is the first state once more, for another address: what chance alone does.
- Goals: ratio 0.98 to 1.02, both intervals within 0.47 to 0.53. With 1,000 answers a state an
  interval is 0.05 wide, so it fits only around an AUC between 0.495 and 0.505: at that size chance
  alone misses the goal for most states; the studies of quick answers are larger. "Told apart" is
  the sharper question: whether an interval leaves out 0.5, which by chance one in twenty does.
"""
_FOUND = """
## Told apart

Of states that the calls and hashes don't tell apart, by how much their median is away from the
first state's:

{lines}

One in twenty is there by chance, and the first state's own twin is as likely as any.
"""
_LEFT = """
## What it doesn't show

- How much of a difference survives a network and Lambda's scheduling. A lock doesn't stop anybody
  from measuring, since a refused attempt costs what any other costs; a source's {source} failures
  in a quarter of an hour do, for each source.
- How many accounts somebody is in, and whether failures or a lock came before: some forty functions
  for each account more, and fifty for a lock. A study of 1,500 answers without the hash, by process
  time, saw both, at about 30 µs (an AUC of 0.52); nobody and an ordinary user it didn't tell apart.
- The database's own time for a row that is there and one that isn't.
- A user whose hash has an older cost than today's is checked at that cost until they next sign in.
  After the cost is changed, such a user can be told from nobody until then.
- Addresses of different lengths make messages of different lengths.
"""
_COLUMNS = "| state | n | waiting | computing | ratio | AUC, waiting | AUC, computing | "
_HEAD = _COLUMNS + "told apart | goals met |\n|---|---|---|---|---|---|---|---|---|"


def page(
    proof: Proof,
    steps: Sequence[Step],
    counts: dict[State, int],
    studies: Sequence[Study],
    limits: dict[str, int],
) -> str:
    """Write the whole page."""
    parts = [_INTRODUCTION + "\n".join(_step_line(proof, step) for step in steps) + "\n"]
    parts.append(_STATES.format(**_lists(proof)))
    found = [f"- {difference}" for difference in proof.differences]
    parts += ["\n### Differences\n\n" + "\n".join(found) + "\n"] if found else []
    parts.append(_COUNTS.format(lines="\n".join(_count_lines(counts))))
    parts.append(_TIMING)
    parts += [_study(study) for study in studies]
    parts.append(_FOUND.format(lines="\n".join(_told_apart(study) for study in studies)))
    parts.append(_LEFT.format(**limits))
    return "".join(parts)


def _step_line(proof: Proof, step: Step) -> str:
    pairs = proof.of(step)
    wrong = sum(difference.asked.step == step for difference in proof.differences)
    cells = (
        f"`{step.name}`",
        str(len({asked.state.number for asked, _ in pairs})),
        str(len(pairs)),
        _several(seen.status for _, seen in pairs),
        _several(str(len(seen.body.encode())) for _, seen in pairs),
        _several((_counted(seen) for _, seen in pairs), "; or "),
        _several((seen.hashes or "none" for _, seen in pairs), "; or "),
        str(wrong),
    )
    return f"| {' | '.join(cells)} |"


def _count_lines(counts: dict[State, int]) -> Iterator[str]:
    first = next(iter(counts.values()))
    for state, count in counts.items():
        yield f"| {state} | {count:,} | {(count - first) / first:+.2%} |"


def _several(values: Iterator[str], between: str = ", ") -> str:
    return between.join(dict.fromkeys(values))


def _counted(seen: Seen) -> str:
    kinds = [call.partition("(")[0].partition(".")[2] for call in seen.calls.split("; ") if call]
    return ", ".join(f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds)) or "none"


def _lists(proof: Proof) -> dict[str, str]:
    asked: list[Asked] = [asked for asked, _ in proof.seen]
    states: dict[State, None] = dict.fromkeys(a.state for a in asked)
    passwords = dict.fromkeys(a.password.name for a in asked if a.password.text is not None)
    return {
        "states": "; ".join(str(state) for state in states),
        "passwords": ", ".join(passwords),
        "moments": "; ".join(dict.fromkeys(a.moment.value for a in asked)),
    }


def _told_apart(study: Study) -> str:
    first, *others = study.lines
    apart = [f"{o.state} ({(o.wall - first.wall) * 1000:+.0f} µs)" for o in others if o.tells]
    return f"- {study.title}: {'; '.join(apart) or 'none'}."


def _study(study: Study) -> str:
    lines = "\n".join(_line(line, first=line is study.lines[0]) for line in study.lines)
    visible = f"{study.smallest_wall * 1000:.0f} µs of waiting, {study.smallest_cpu * 1000:.0f} µs"
    return f"\n### {study.title}\n\n{_HEAD}\n{lines}\n\nSmallest visible: {visible} of computing.\n"


def _line(line: Compared, *, first: bool) -> str:
    cells = (
        line.state,
        f"{line.count:,}",
        f"{line.wall:.3f}",
        f"{line.cpu:.3f}",
        f"{line.ratio:.3f}",
        _auc(line.by_wall),
        _auc(line.by_cpu),
        *(("", "") if first else (_word(line.tells), _word(line.met))),
    )
    return f"| {' | '.join(cells)} |"


def _word(answer: object) -> str:
    return "yes" if answer else "no"


def _auc(auc: Auc) -> str:
    return f"{auc.value:.3f} [{auc.low:.3f}, {auc.high:.3f}]"
