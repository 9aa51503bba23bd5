from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest
from fake_model import PATCH, RATE, FakeModel, speech_like

from ditar_studio.engine.events import (
    Cancelled,
    Done,
    Failed,
    LineDone,
    LineStarted,
    PatchReady,
    Progress,
    SentenceVerified,
    Started,
    Warned,
)
from ditar_studio.engine.generate import collect, generate, stream
from ditar_studio.engine.request import GenerationRequest, SpokenLine
from ditar_studio.engine.seeds import candidate_seed
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.speech_model import Verification
from ditar_studio.engine.voice import Reference, VoiceCache
from ditar_studio.errors import StudioError

VOICE = Reference(speech_like(), "what is said in it")
PLAIN = GenerationSettings(pause_seconds=0.25)


def request(*lines: str, **settings: object) -> GenerationRequest:
    return GenerationRequest.of(lines, VOICE, dataclasses.replace(PLAIN, **settings))  # type: ignore[arg-type]


def samples(events: list[object]) -> np.ndarray:
    return np.concatenate([e.samples for e in events if isinstance(e, PatchReady)])


def test_events_come_in_order_and_add_up() -> None:
    events = list(stream(FakeModel(), request("One two three.", "Four five.")))
    assert events[0] == Started(RATE, 2)
    assert isinstance(events[-1], Done)
    shown = [e for e in events if isinstance(e, LineStarted | LineDone)]
    assert shown == [
        LineStarted(0, "One two three."),
        LineDone(0, 12 * PATCH / RATE, "stopped"),
        LineStarted(1, "Four five."),
        LineDone(1, 8 * PATCH / RATE, "stopped"),
    ]
    position = 0
    for event in events:
        if isinstance(event, PatchReady):
            assert event.at_seconds == pytest.approx(position / RATE)
            position += len(event.samples)
    assert events[-1].stats.seconds == position / RATE == pytest.approx(20 * 0.1 + 0.25)
    assert events[-1].stats.patches == 20
    fractions = [e.fraction for e in events if isinstance(e, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_generate_is_the_concatenation_of_the_stream() -> None:
    events = list(stream(FakeModel(), request("One two three. Four.")))
    whole = generate(FakeModel(), request("One two three. Four."))
    assert np.array_equal(whole.clip.samples, samples(events))
    assert not whole.cancelled


def test_the_same_seed_and_settings_give_the_same_samples() -> None:
    one = generate(FakeModel(), request("Hello there.", seed=5, temperature=1.0))
    same = generate(FakeModel(), request("Hello there.", seed=5, temperature=1.0))
    other = generate(FakeModel(), request("Hello there.", seed=6, temperature=1.0))
    assert np.array_equal(one.clip.samples, same.clip.samples)
    assert not np.array_equal(one.clip.samples, other.clip.samples)


def test_a_line_does_not_depend_on_the_lines_before_it() -> None:
    def second(first: str) -> np.ndarray:
        events = stream(FakeModel(), request(first, "The second one.", temperature=1.0))
        return np.concatenate(
            [
                e.samples
                for e in events
                if isinstance(e, PatchReady) and e.line == 1 and e.samples.any()
            ]
        )

    assert np.array_equal(second("Short."), second("A much longer line. Two sentences even."))


def test_a_lines_own_seed_makes_it_independent_of_its_place() -> None:
    alone = GenerationRequest((SpokenLine("Again.", seed=9),), VOICE, PLAIN)
    among = GenerationRequest((SpokenLine("First."), SpokenLine("Again.", seed=9)), VOICE, PLAIN)
    tail = generate(FakeModel(), among).clip.samples
    expected = generate(FakeModel(), alone).clip.samples
    assert np.array_equal(tail[-len(expected) :], expected)


def test_pauses_are_silence_between_sentences_and_lines_but_not_after_the_last() -> None:
    model = FakeModel()
    lines = (SpokenLine("One. Two is longer than one.", pause_seconds=1.5), SpokenLine("Three."))
    whole = generate(model, GenerationRequest(lines, VOICE, PLAIN)).clip
    assert model.begun == ["One.", "Two is longer than one.", "Three."]
    assert whole.seconds == pytest.approx(0.4 + 0.25 + 2.4 + 1.5 + 0.4 - 0.4 * 0, abs=0.41)
    pause = whole.samples[-int(0.4 * RATE) - int(1.4 * RATE) : -int(0.4 * RATE)]
    assert not pause.any()
    assert whole.samples[-1] != 0


def test_cancel_takes_effect_within_one_patch_and_keeps_what_was_made() -> None:
    cancel = threading.Event()
    events = []
    for event in stream(FakeModel(), request("One two three four five six."), cancel):
        events.append(event)
        if sum(isinstance(e, PatchReady) for e in events) == 3:
            cancel.set()
    assert isinstance(events[-1], Cancelled)
    assert [e.reason for e in events if isinstance(e, LineDone)] == ["cancelled"]
    whole = generate(FakeModel(), request("One two three four five six.")).clip.samples
    kept = samples(events)
    assert 3 * PATCH - 600 <= len(kept) <= 3 * PATCH
    assert np.array_equal(kept[: 3 * PATCH - 600], whole[: 3 * PATCH - 600])
    assert kept[-1] == pytest.approx(0, abs=1e-3)


def test_a_request_cancelled_before_it_began_asks_nothing_of_the_model() -> None:
    cancel = threading.Event()
    cancel.set()
    model = FakeModel()
    events = list(stream(model, request("One."), cancel))
    assert isinstance(events[-1], Cancelled)
    assert not model.prepared
    assert not model.begun


@pytest.mark.parametrize(
    ("text", "reason", "longest"),
    [
        ("This is a runaway sentence", "too_long", 3 * 2.0 + 1.01),
        ("Then it goes silent for ever after", "silent", 2.0),
        ("So silent", "silent", 2.0),
        ("And now a loop around", "repeated", 3.5),
    ],
)
def test_guards_end_what_would_not_end_and_tell(text: str, reason: str, longest: float) -> None:
    events = list(stream(FakeModel(), request(text)))
    assert [e.reason for e in events if isinstance(e, LineDone)] == [reason]
    assert any(isinstance(e, Warned) and e.remedy for e in events)
    assert isinstance(events[-1], Done)
    assert len(samples(events)) / RATE <= longest


def test_no_silence_inside_a_sentence_exceeds_what_speech_has() -> None:
    whole = generate(FakeModel(), request("One gap gap gap two three")).clip
    silent = np.convolve(np.abs(whole.samples) < 1e-4, np.ones(int(0.9 * RATE)), "valid")
    assert silent.max() < 0.9 * RATE
    assert whole.seconds < 6 * 0.4


def test_the_maximum_length_of_a_sentence_is_kept() -> None:
    whole = generate(FakeModel(), request("a runaway sentence with many words", max_seconds=1.0))
    assert whole.clip.seconds <= 1.0
    assert len(whole.warnings) == 1


def test_nothing_clips_and_quiet_sound_is_untouched() -> None:
    loud = generate(FakeModel(), request("loud loud")).clip
    assert 0.9 < loud.peak < 0.99
    parity = generate(FakeModel(), request("loud loud", exact_patches=3)).clip
    assert parity.peak > 1.0
    assert parity.seconds == pytest.approx(0.3)


def test_exact_patches_are_made_of_the_whole_text_in_one_go() -> None:
    model = FakeModel()
    whole = generate(model, request("One. Two. Three.", exact_patches=17))
    assert model.begun == ["One. Two. Three."]
    assert len(whole.clip.samples) == 17 * PATCH


def test_an_unreadable_line_is_reported_and_the_rest_is_spoken() -> None:
    events = list(stream(FakeModel(), request("###", "One.", "Two.")))
    assert sum(isinstance(e, Warned) for e in events) == 1
    events = list(stream(FakeModel(), request("One.", "###", "Two.")))
    assert sum(isinstance(e, Warned) for e in events) == 1
    assert isinstance(events[-1], Done)
    assert sum(isinstance(e, LineDone) for e in events) == 3


@pytest.mark.parametrize("text", ["###", "", "  ", "?!"])
def test_a_text_without_words_fails_in_words(text: str) -> None:
    events = list(stream(FakeModel(), request(text)))
    assert isinstance(events[-1], Failed)
    assert events[-1].remedy
    assert not any(isinstance(event, Warned) for event in events)
    with pytest.raises(StudioError):
        collect(events, RATE)


def test_characters_that_are_left_out_are_reported_once_a_sentence() -> None:
    events = list(stream(FakeModel(), request("Hello 你好 world 你.", "Plain words.")))
    warnings = [event for event in events if isinstance(event, Warned)]
    assert [warning.message for warning in warnings] == ["These characters can't be read: 你 好."]
    assert isinstance(events[-1], Done)


def test_numbers_that_are_none_fail_and_keep_what_was_made() -> None:
    events = list(stream(FakeModel(), request("one two nan four")))
    assert isinstance(events[-1], Failed)
    assert len(samples(events)) > 0
    assert np.isfinite(samples(events)).all()


def test_a_model_without_a_voice_of_its_own_asks_for_a_reference() -> None:
    bare = GenerationRequest.of("Hello.")
    assert isinstance(list(stream(FakeModel(), bare))[-1], Failed)
    assert isinstance(list(stream(FakeModel(needs_voice=False), bare))[-1], Done)


def test_a_cached_voice_is_encoded_once() -> None:
    model = FakeModel()
    voices = VoiceCache(model)
    for text in ("One.", "Two.", "Three."):
        generate(model, request(text), voices=voices)
    assert len(model.prepared) == 1


def test_running_out_of_memory_is_reported_in_words() -> None:
    class Hungry(FakeModel):
        def prepare_voice(self, clip: object, transcript: str, adapter: object = None) -> object:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ...")

    events = list(stream(Hungry(), request("Hello.")))
    assert isinstance(events[-1], Failed)
    assert "memory" in events[-1].message


FREE = "One two three four five six."


def test_of_several_candidates_the_one_heard_best_is_given_out() -> None:
    single = []
    for candidate in range(4):
        seed = candidate_seed(9, candidate)
        events = list(stream(FakeModel(), request(FREE, seed=seed, temperature=1.0, verify=True)))
        (heard,) = (e.verification for e in events if isinstance(e, SentenceVerified))
        single.append((heard.score, samples(events)))
    several = request(FREE, seed=9, temperature=1.0, candidates=4)
    events = list(stream(FakeModel(), several))
    (heard,) = (e for e in events if isinstance(e, SentenceVerified))
    best = max(single, key=lambda each: each[0])
    assert len({score for score, _ in single}) > 1
    assert best[0] > single[0][0]
    assert (heard.text, heard.candidates, heard.verification.score) == (FREE, 4, best[0])
    assert np.array_equal(samples(events), best[1])
    assert np.array_equal(generate(FakeModel(), several).clip.samples, best[1])
    assert events[-1].stats.patches == 4 * 24
    fractions = [e.fraction for e in events if isinstance(e, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_a_single_candidate_is_heard_while_it_is_made_and_sounds_the_same() -> None:
    model = FakeModel()
    kinds = [type(e) for e in stream(model, request("One. Two.", verify=True))]
    assert kinds.index(PatchReady) < kinds.index(Progress)
    assert kinds.count(SentenceVerified) == 2
    assert model.begun == ["One.", "Two."]
    plain = generate(FakeModel(), request("One. Two."))
    verified = generate(FakeModel(), request("One. Two.", verify=True))
    assert np.array_equal(plain.clip.samples, verified.clip.samples)
    assert not any(isinstance(e, SentenceVerified) for e in stream(model, request("One. Two.")))


def test_a_sentence_is_given_out_before_the_next_is_tried() -> None:
    model = FakeModel()
    events = stream(model, request("One. Two.", temperature=1.0, candidates=3))
    for event in events:
        if isinstance(event, PatchReady):
            break
    assert model.begun == ["One."] * 3
    assert sum(isinstance(e, PatchReady) for e in events) > 0
    assert model.begun == ["One."] * 3 + ["Two."] * 3


def test_an_attempt_that_did_not_end_by_itself_comes_last() -> None:
    class Wavering(FakeModel):
        def begin(self, text, voice, settings, generator=None, lexicon=None):  # type: ignore[no-untyped-def]
            bad = "silent" if len(self.begun) != 1 else ""
            made = super().begin(f"{text} {bad}", voice, settings, generator)
            made.verify = lambda _samples: Verification(10, 0 if bad else 9, 0.9)
            return made

    settings = {"temperature": 1.0, "candidates": 3}
    events = list(stream(Wavering(), request("One two three four five", **settings)))
    assert [e.reason for e in events if isinstance(e, LineDone)] == ["stopped"]
    assert [e.verification.errors for e in events if isinstance(e, SentenceVerified)] == [9]


def test_words_that_are_not_heard_are_reported() -> None:
    received = generate(FakeModel(), request("Plain words. Now I mumble.", verify=True)).warnings
    (warning,) = received
    assert "Now I mumble." in warning.message
    assert warning.remedy
    assert not generate(FakeModel(), request("Now I mumble.")).warnings


def test_words_that_differ_are_reported_by_their_places_in_the_line() -> None:
    text = "Plain words.  Now I mumble."
    events = list(stream(FakeModel(), request(text, verify=True)))
    found = [e.differing for e in events if isinstance(e, SentenceVerified)]
    assert [[text[a:b] for a, b in each] for each in found] == [[], ["mumble"]]


def test_a_sentence_is_retried_until_no_word_differs_and_only_then_given_out() -> None:
    def run(seed: int, retries: int) -> tuple[SentenceVerified, int]:
        model = FakeModel()
        asked = request(
            "It sometimes works.", seed=seed, temperature=1.0, retries=retries, verify=True
        )
        events = list(stream(model, asked))
        first = next(i for i, e in enumerate(events) if isinstance(e, PatchReady))
        begun = model.begun
        (heard,) = (e for e in events if isinstance(e, SentenceVerified))
        assert retries == 0 or first > 12 * heard.candidates - 1
        assert len(begun) == heard.candidates
        return heard, sum(isinstance(e, PatchReady) for e in events)

    single = {seed: run(seed, 0)[0] for seed in range(12)}
    wrong = [seed for seed, heard in single.items() if heard.differing]
    right = [seed for seed, heard in single.items() if not heard.differing]
    assert wrong
    assert right
    assert run(right[0], 5)[0].candidates == 1
    again = [run(seed, 8)[0] for seed in wrong]
    assert all(2 <= heard.candidates <= 9 and not heard.differing for heard in again)


def test_what_stays_wrong_is_given_out_at_last() -> None:
    model = FakeModel()
    asked = request("Now I mumble.", temperature=1.0, retries=2)
    events = list(stream(model, asked))
    (heard,) = (e for e in events if isinstance(e, SentenceVerified))
    assert (heard.candidates, len(model.begun)) == (3, 3)
    assert any(isinstance(e, PatchReady) for e in events)
    assert any(isinstance(e, Warned) for e in events)


def test_without_noise_one_attempt_is_enough() -> None:
    model = FakeModel()
    events = list(stream(model, request("One.", temperature=0.0, candidates=5)))
    assert model.begun == ["One."]
    assert [e.candidates for e in events if isinstance(e, SentenceVerified)] == [1]


def test_cancelling_between_candidates_gives_out_nothing_of_the_sentence() -> None:
    cancel, model = threading.Event(), FakeModel()
    events = []
    for event in stream(model, request("One. Two.", temperature=1.0, candidates=4), cancel):
        events.append(event)
        if model.begun.count("Two.") == 2:
            cancel.set()
    assert isinstance(events[-1], Cancelled)
    assert [e.text for e in events if isinstance(e, SentenceVerified)] == ["One."]
    (heard,) = (e for e in events if isinstance(e, LineDone))
    assert heard == LineDone(0, pytest.approx(4 * PATCH / RATE + 0.25), "cancelled")
    assert model.begun.count("Two.") == 2


@pytest.mark.parametrize("asked", [{"candidates": 2}, {"verify": True}, {"retries": 1}])
def test_a_model_that_cannot_hear_itself_refuses_to_listen(asked: dict[str, object]) -> None:
    model = FakeModel(can_verify=False)
    (failed,) = (e for e in stream(model, request("One.", **asked)) if isinstance(e, Failed))
    assert "Fake" in failed.message
    assert failed.remedy
    assert not model.begun
