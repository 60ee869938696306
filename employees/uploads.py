"""Imports by upload: receive the files, check them without writing, and load exactly them once confirmed.

The states of an import and their services; ``predictions.import_process`` starts the process.

asking                             open questions other than words: answered, then checked again
  │ ▲
  ▼ │
checking ───► ready ───► loading ───► done
  │  ▲         │ ▲         │ │
  │  └─────────┤ └─────────┘ │     the preview is out of date: checked again, shown again
  ▼            ▼             ▼
refused     expired       failed   also when the process was killed: it can be started again

An import in *asking* or *failed* expires too, unless its files were loaded: then it can be restarted at any age.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import asdict
from datetime import date, timedelta
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np
import pandas as pd
from django.core.files import File as Content
from django.db import IntegrityError, transaction
from django.db.models import BinaryField, Exists
from django.db.models.functions import Substr
from django.utils import timezone

from employees import extracts
from employees.columns import match_key
from employees.extracts import PLAIN, ExtractError, File, FileMapping, Question, ReadSet, Reject
from employees.extracts.rejects import LONGEST_SHOWN
from employees.messages import Message, gettext_noop
from employees.models import Import, ImportChange, ImportFile, ImportReject, SavedMapping
from employees.terms import match, vocabularies, wanted
from employees.terms.changes import Unacceptable, learn, learning, new_value
from employees.workforce.comparison import LISTED
from employees.workforce.loading import LoadResult, load_extracts, revision
from technova.commands import Progress
from technova.database.bulk import bulk_insert
from technova.database.locks import Busy, exclusive

PIECE = 2**21  # bytes of a file that are held at a time
KEPT = timedelta(days=1)  # how long files wait to be confirmed, and rejects to be downloaded

ALREADY_LOADING = gettext_noop("Another load, build or scoring is running: try again when it is done.")
BROKE_DOWN = gettext_noop("An internal error stopped the work; it has been recorded.")

NEITHER = gettext_noop(
    "“%(word)s” is not known: choose a value of the list, or keep the word of the file for a new one."
)
NO_ANSWER = gettext_noop("“%(answer)s” is no answer to the question about “%(header)s”: choose one of the list.")

State = Import.State
ASKS = (State.ASKING, State.READY)


class Outdated(Exception):
    """The confirmed preview is no longer up to date."""


class NotAnswered(Exception):
    """Some words of the files are unknown, and the person has not chosen to leave them unknown."""


class NotAccepted(Exception):
    """The preview shows alarms that the person has not overridden."""


class ContentChanged(Exception):
    """A stored file differs from the one received."""


@transaction.atomic
def receive(
    *,
    user,
    as_of: date,
    files: Iterable[Content],
    mapping: SavedMapping | None = None,
    source: str = "",
    client: str = "",
) -> Import:
    """Store the files of a day for checking; they are read by the mapping, or else by the one that changed last.

    ``source`` is where they came from if nobody uploaded them, ``client`` the API key that delivered them.
    """
    upload = Import.objects.create(user=user, source=source, client=client, as_of=as_of, mapping=mapping)
    for file in files:
        content = file.read()
        ImportFile.objects.create(
            upload=upload,
            name=(file.name or "")[-255:],
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content=content,
            is_in_folder=source == Import.Source.FOLDER,
        )
    return upload


@transaction.atomic
def answer(*, upload: Import, user, checked_at: str, answers: Mapping[int, str]) -> bool:
    """Store the answers to the questions about the files, by position, and have the files checked again.

    The answer to a word is a known value in any spelling, or the word itself for a new one; any other is one of the
    question's choices. Words are known at once, other answers once the files are loaded. Returns whether a check is
    needed. Raises ``Outdated`` as ``confirm`` does, ``Unacceptable`` for an invalid answer, and ``Busy`` as
    ``learning`` does.
    """
    upload.refresh_from_db()
    ensure_seen(upload, checked_at, *ASKS)
    questions, answered = questions_of(upload), FileMapping.of(upload.answers)
    moved = {
        questions[place].file
        for place, value in answers.items()
        if questions[place].is_correction and value != questions[place].proposal.value
    }
    with learning() if any(questions[place].is_of_words for place in answers) else nullcontext():
        for place, value in answers.items():
            if questions[place].file in moved and not questions[place].is_correction:
                continue  # it is about another place of the file than the one to read
            if questions[place].is_of_words:
                meant = meaning_of(questions[place], value)
                learn(vocabulary=questions[place].column, text=questions[place].text, value=meant, user=user)
            else:
                answered = _answered(answered, questions[place], value)
    return bool(answers) and _move(upload, State(upload.state), State.CHECKING, answers=answered.document())


def questions_of(upload: Import) -> list[Question]:
    """The open questions about the files."""
    return [Question.of(document) for document in upload.questions]


def open_questions(upload: Import) -> list[Question]:
    """The questions that hold it up: an offer to read another place of a file does where nothing else is asked."""
    asked = questions_of(upload)
    return [question for question in asked if not question.is_correction] or (
        asked if upload.state == State.ASKING else []
    )


def meaning_of(question: Question, value: str) -> str:
    """The value named by the answer to a question about a word: a known one, or the word itself as a new one.

    Raises ``Unacceptable`` for anything else.
    """
    known = match(question.column, question.text) or match(question.column, value)
    if known is None and match_key(value) != match_key(question.text):
        raise Unacceptable(NEITHER, word=value[:LONGEST_SHOWN])
    return known or new_value(question.column, question.text)


def _answered(answered: FileMapping, question: Question, value: str) -> FileMapping:
    try:
        return extracts.answer(answered, question, value)
    except ValueError as error:
        raise Unacceptable(NO_ANSWER, answer=value[:LONGEST_SHOWN], header=question.header) from error


def ensure_seen(upload: Import, checked_at: str, *states: State) -> None:
    """Raise ``Outdated`` unless the import is in one of these states as the person saw it."""
    if upload.state not in states or not upload.checked_at or checked_at != upload.checked_at.isoformat():
        raise Outdated


def confirm(
    *, upload: Import, user, checked_at: str, accept_implausible: bool = False, leave_unknown: bool = False
) -> bool:
    """Confirm the preview; return whether the state changed, False if it was confirmed before.

    ``checked_at`` is that of the preview the person saw: ``Outdated`` when another one took its place or the files are
    gone. Raises ``NotAccepted`` where the preview shows alarms that the person has not overridden, ``NotAnswered``
    where it asks about words that the person has not left unknown, and ``Busy`` while another import is being loaded.
    """
    upload.refresh_from_db()
    if upload.state in (State.LOADING, State.DONE):
        return False
    ensure_seen(upload, checked_at, State.READY)
    if upload.questions and not leave_unknown:
        raise NotAnswered
    if (upload.summary or {}).get("alarms") and not accept_implausible:
        raise NotAccepted
    return _move(
        upload,
        State.READY,
        State.LOADING,
        confirmed_by=user,
        confirmed_at=timezone.now(),
        accepts_implausible=accept_implausible,
    )


def is_clear(upload: Import) -> bool:
    """Whether its preview leaves nothing to decide: no question, no alarm."""
    return upload.state == State.READY and not upload.questions and not (upload.summary or {}).get("alarms")


def retry(*, upload: Import, from_check: bool = False) -> bool:
    """Put a failed import back into the state it failed in, and return whether it was failed. Raises ``Busy``.

    ``from_check`` checks the files again even if they were confirmed, which no other import can hold up.
    """
    if upload.confirmed_at and not from_check:
        return _move(upload, State.FAILED, State.LOADING, error=None)
    return _move(upload, State.FAILED, State.CHECKING, error=None, confirmed_by=None, confirmed_at=None)


def discard(*, upload: Import, user=None) -> bool:
    """Delete the files of a waiting import; return whether it did. One at work or loaded is left alone.

    ``user`` is who decided it, if anybody did.
    """
    ended = {"finished_at": timezone.now(), "deleted_by": user}
    with transaction.atomic():
        waiting = Import.objects.filter(pk=upload.pk, loaded_at=None)
        was_waiting = any(waiting.move(state, State.EXPIRED, **ended) for state in Import.WAITING)
        if was_waiting:
            _forget_files(upload)
            upload.rejects.all().delete()
            upload.changes.all().delete()
    return was_waiting


def _move(upload: Import, before: State, after: State, **values) -> bool:
    """Compare-and-swap into a state with a process at work; return whether it changed."""
    try:
        with transaction.atomic():
            has_moved = Import.objects.filter(pk=upload.pk).move(before, after, started_at=timezone.now(), **values)
    except IntegrityError as error:  # one_import_is_loaded_at_a_time
        raise Busy(ALREADY_LOADING) from error
    if has_moved:
        upload.state = after
    return has_moved


def interrupt(*, upload: Import, reason: Message) -> None:
    """Mark an import without a running process as failed, unless its state has changed meanwhile."""
    Import.objects.filter(pk=upload.pk).move(upload.state, State.FAILED, error=reason.document())


def purge() -> int:
    """Delete files and rejects that are a day old, and return how many files; what was loaded stays.

    The import page does it, each start of the server, and the daily clearing: one query while nothing is that old.
    """
    old = Import.objects.exclude(state__in=Import.AT_WORK).filter(created_at__lt=timezone.now() - KEPT)
    unloaded = old.filter(loaded_at=None)
    waiting = unloaded.filter(state__in=Import.WAITING)
    files = ImportFile.objects.filter(upload__in=old).exclude(content=b"")
    rejects, changes = ImportReject.objects.filter(upload__in=old), ImportChange.objects.filter(upload__in=unloaded)
    if not old.filter(Exists(files) | Exists(rejects) | Exists(changes) | Exists(waiting)).exists():
        return 0
    with transaction.atomic():
        rejects.delete()
        changes.delete()
        deleted = files.update(content=b"")
        waiting.update(state=State.EXPIRED, questions=[])
    return deleted


def check(
    *, upload: Import, progress: Progress | None = None, tell: Callable[[Import], None] = lambda upload: None
) -> None:
    """Compute and store what the files leave open, and the preview of a load; the files' data is not written.

    No preview while a question other than a word is open. Refused files are recorded with the reason. ``tell`` is
    called in the transaction that records the outcome. Raises ``Busy``.
    """
    basis = _basis(upload)  # taken first: a change meanwhile makes the preview outdated, never wrongly valid
    try:
        found = _read(upload)
        result = None
        if not found.stands_still:
            result = load_extracts(as_of=_day(upload), extracts=found.extracts, dry_run=True, progress=progress)
    except ExtractError as error:
        with transaction.atomic():
            _refuse(upload, error)
            tell(upload)
        return
    with transaction.atomic():
        if result is None:
            _ask(upload, found)
        else:
            _preview(upload, found, result, basis)
        tell(upload)


def _refuse(upload: Import, error: ExtractError) -> None:
    _keep_rejects(upload, error.rejects)
    _forget_files(upload)
    _set(upload, state=State.REFUSED, error=_reason_of(error))


def _preview(upload: Import, found: ReadSet, result: LoadResult, basis: str) -> None:
    _keep_rejects(upload, result.rejects)
    _keep_changes(upload, result.changes)
    kept = {"was_confirmed": True} if (upload.summary or {}).get("was_confirmed") else {}
    _set(
        upload,
        state=State.READY,
        checked_at=timezone.now(),
        basis=basis,
        summary=_summary(result) | kept,
        questions=_documents(found),
        error=None,
    )


def _ask(upload: Import, found: ReadSet) -> None:
    upload.rejects.all().delete()
    upload.changes.all().delete()
    error = _reason_of(found.error) if found.error else None
    _set(
        upload,
        state=State.ASKING,
        checked_at=timezone.now(),
        questions=_documents(found),
        summary=None,
        error=error,
    )


def _documents(found: ReadSet) -> list[dict]:
    return [question.document() for question in found.questions]


def _reason_of(error: ExtractError) -> dict:
    return {**error.reason.document(), "file": error.file}


def load(*, upload: Import, progress: Progress | None = None) -> bool:
    """Load the confirmed files unless that is done; False when the data have changed since they were checked.

    The comparison, the load and the change of state are one transaction. Raises ``Busy``.
    """
    if upload.loaded_at:
        return True
    with exclusive():
        if upload.basis != _basis(upload):
            return False
        result = load_extracts(
            as_of=_day(upload),
            extracts=_read(upload).extracts,
            user=upload.confirmed_by,
            accept_implausible=upload.accepts_implausible,
            progress=progress,
        )
        _keep_mapping(upload)
        _set(upload, loaded_at=timezone.now(), load_id=result.load, summary=_summary(result))
        _forget_files(upload)
    return True


def _keep_mapping(upload: Import) -> None:
    """Save the answers for later files."""
    answered = FileMapping.of(upload.answers)
    if answered != PLAIN:
        saved = _mapping_of(upload) or SavedMapping(name=SavedMapping.FIRST)
        saved.learn(answers=answered, user=upload.confirmed_by)
        _set(upload, mapping=saved)


def check_again(
    *, upload: Import, progress: Progress | None = None, tell: Callable[[Import], None] = lambda upload: None
) -> None:
    """Return from loading to a new preview, to be confirmed again, which says so to whoever had confirmed."""
    summary = {**(upload.summary or {}), "was_confirmed": upload.confirmed_by is not None}
    _set(upload, state=State.CHECKING, confirmed_by=None, confirmed_at=None, summary=summary)
    check(upload=upload, progress=progress, tell=tell)


def finish(*, upload: Import, remark: Message | None = None) -> None:
    """Record that the work is done; ``remark`` is what it could not do."""
    _set(upload, state=State.DONE, finished_at=timezone.now(), error=remark.document() if remark else None)


def fail(*, upload: Import, reason: str = BROKE_DOWN) -> None:
    """Record that the work of its state failed, so that it can be restarted; ``reason`` is any text."""
    _set(upload, state=State.FAILED, error=Message(reason.replace("%", "%%")).document())


def _set(upload: Import, **values) -> None:
    for name, value in values.items():
        setattr(upload, name, value)
    upload.save(update_fields=list(values))


def _basis(upload: Import) -> str:
    """A fingerprint that changes with the workforce, the words, and the mapping that the files are read by."""
    saved = _mapping_of(upload)
    return hashlib.sha256(f"{revision()} {saved and saved.document}".encode()).hexdigest()


def _mapping_of(upload: Import) -> SavedMapping | None:
    """The saved mapping by which the files are read: the one that was chosen, or the one that changed last."""
    return SavedMapping.objects.filter(pk=upload.mapping_id or 0).first() or SavedMapping.objects.newest()


def _day(upload: Import) -> date:
    return upload.as_of or timezone.localdate(upload.created_at)


def _read(upload: Import) -> ReadSet:
    """The content of the files. Raises ``ContentChanged`` when one is not what was received, and ``ExtractError``."""
    saved = _mapping_of(upload)
    with ExitStack() as stack:
        return extracts.read_set(
            list(_files(upload, stack)),
            vocabularies=vocabularies(),
            mapping=saved.mapping if saved else PLAIN,
            answers=FileMapping.of(upload.answers),
            wanted=wanted,
        )


def _files(upload: Import, stack: ExitStack) -> Iterator[File]:
    """The files, on the disk: nobody else can open them, and they are gone when the stack is closed."""
    stored = list(upload.files.defer("content"))
    names = [file.name for file in stored]
    for place, file in enumerate(stored, start=1):
        copy = stack.enter_context(TemporaryFile())  # noqa: SIM115 - until the stack is closed
        if _copy(file, copy) != file.sha256:
            raise ContentChanged(f"{file.name} is not the file that was received")
        yield File(copy, f"{file.name} ({place})" if names.count(file.name) > 1 else file.name)


def _copy(file: ImportFile, target: BinaryIO) -> str:
    """Write the content, a piece at a time, and return its SHA-256. A query for each piece."""
    found = hashlib.sha256()
    rows = ImportFile.objects.filter(pk=file.pk)
    for start in range(0, file.size, PIECE):
        part = Substr("content", start + 1, PIECE, output_field=BinaryField())
        piece = rows.annotate(piece=part).values_list("piece", flat=True).get()
        found.update(piece)
        target.write(piece)
    return found.hexdigest()


def _forget_files(upload: Import) -> None:
    upload.files.update(content=b"")
    _set(upload, questions=[])  # they quote the files


def _keep_rejects(upload: Import, rejects: Iterable[Reject]) -> None:
    rows = (
        (upload.pk, reject.file[-255:], reject.line, reject.column, reject.value, reject.rule.document(), reject.costs)
        for reject in rejects
    )
    with transaction.atomic():
        upload.rejects.all().delete()
        bulk_insert(ImportReject, rows, ["upload_id", "file", "line", "column", "value", "rule", "costs"])


def _keep_changes(upload: Import, changes: Iterable[pd.DataFrame]) -> None:
    """Store each line of the preview; loading the files then makes exactly these changes."""
    with transaction.atomic():
        upload.changes.all().delete()
        counts: Counter[str] = Counter()
        for kind, lines in ((frame["kind"].iloc[0], frame) for frame in changes):
            places = np.arange(counts[kind], counts[kind] + len(lines))
            bulk_insert(ImportChange, lines[list(LISTED)].assign(upload_id=upload.pk, place=places))
            counts[kind] += len(lines)


def _summary(result: LoadResult) -> dict:
    """The preview or result of a load as JSON."""
    return {
        "as_of": result.as_of.isoformat(),
        "present_before": result.present_before,
        "present": result.present,
        "is_new": result.stored.keys() != set(result.known_already),
        "moves": {name: {"count": count} for name, count in asdict(result.moves).items()},
        "changed": result.changed,
        "columns": [asdict(column) for column in result.columns],
        "alarms": [alarm.message.document() for alarm in result.alarms],
        "reject_count": len(result.rejects),
        "files": [
            {
                "name": report.name,
                **asdict(result.counts[extract]),
                "encoding": report.encoding,
                "ignored": list(report.ignored),
                "is_known": extract in result.known_already,
                "is_correction": extract in result.replaced,
            }
            for extract, report in result.reports.items()
        ],
    }
