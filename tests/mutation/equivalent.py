"""Mutants that change no result, each with the reason. A place is a file, the function or class, what stands there and what the mutant has
there instead (`*` for anything)."""

from __future__ import annotations

from fnmatch import fnmatchcase

from .mistakes import Mistake

EQUIVALENT = [  # (file, scope, before, after, reason)
    ("kernels/memory/allocator.py", "Waiting.take", "0", "(1)", "a block has 4096 bytes at least"),
    ("kernels/memory/workspace.py", "", "1", "(2)", "glibc's bound less more than its bookkeeping"),
    ("kernels/memory/workspace.py", "", "16", "(17)", "glibc's bound less more than its bookkeeping"),
    (
        "kernels/onednn/api.py",
        "",
        "12",
        "*",
        "the length of an array of which the library reads as many entries as there are dims, at most 12",
    ),
    ("kernels/onednn/channels_last_ops.py", "_side_by_side", "*", "*", "any divisor of the number of places gives the same sums"),
    ("kernels/onednn/channels_last_ops.py", "_rows_of_a_block", "*", "*", "blocks of any length give the same sums"),
    ("kernels/onednn/conv.py", "_as_product", "0", "(1)", "the bytes of weights in another order: there they lie as they are wanted"),
    ("kernels/onednn/dispatch.py", "*", "peek() or current()", "(current())", "the fast read of the same"),
    (
        "kernels/onednn/eltwise.py",
        "relu",
        'getattr(x, "size", 0) < SMALL or *',
        "*",
        "`fits` looks at the size, too: this spares small arrays a call",
    ),
    ("config.py", "current", "_current.set(c)", "*", "what is set is found faster than a default, and is the same"),
    ("config.py", "current", "_scope.set(*", "*", "what is set is found faster than a default, and is the same"),
    (
        "config.py",
        "inference_mode.__new__",
        "True",
        "(False)",
        "which of the two stands here says `__init__`; here only that it is a bool counts",
    ),
    (
        "optim/lbfgs/lbfgs.py",
        "_Run.iterate",
        'last or self.evaluations >= group["max_eval"] or *',
        "(self.evaluations >= *",
        "the loop ends after its last round by itself; the test spares it three comparisons",
    ),
    ("optim/lbfgs/lbfgs.py", "_Memory.__init__", "1", "(2)", "the first direction sets the scale"),
    ("optim/radam.py", "_rectification", "length <= 5.0", "(length < 5.0)", "a length of exactly 5 does not come of powers of beta"),
    ("graph/tape_reader.py", "_step", "node.kept or ()", "(node.kept)", "scalars keep their numbers for good"),
    ("engine/backward.py", "pullback", "set(inputs)", "(inputs)", "a node is found among few as among many, and later"),
    ("engine/backward.py", "_walk", "fits and newest_write() > node.serial", "(fits)", "a quick look before the thorough one"),
    (
        "engine/backward.py",
        "_walk",
        "fits and newest_write() > node.serial",
        "(newest_write() > node.serial)",
        "a Scalar's number is no memory",
    ),
    ("engine/backward.py", "_check_alive", "arrays and *", "(arrays and (kept or node.params))", "a quick look before the thorough one"),
    (
        "engine/backward.py",
        "_check_alive",
        "arrays and *",
        "((kept or node.params) and node.serial < newest)",
        "a Scalar's number is no memory",
    ),
    ("engine/backward.py", "*", "newest_write() > node.serial", "(newest_write() >= node.serial)", "no write has the number of a node"),
    ("engine/backward.py", "*", "node.serial < newest", "(node.serial <= newest)", "no write has the number of a node"),
    (
        "engine/backward.py",
        "_walk",
        "fits and capture is None",
        "(capture is None)",
        "a Scalar's gradient is a number, and nobody writes over it",
    ),
    ("engine/backward.py", "_walk", "fits and (d.shape != n.shape or *", "(fits)", "what fits is left as it is"),
    ("engine/versions.py", "owner", "base is not None and *", "(hasattr(base, 'base'))", "None has none, and is known sooner"),
    ("engine/versions.py", "", "1", "(2)", "the numbers of nodes and writes tell their order only"),
    ("engine/versions.py", "written_since", "record.stamp > serial", "(record.stamp >= serial)", "no write has the number of a node"),
    ("engine/versions.py", "_Record.__init__", "0", "(1)", "both are set by the write that makes the record"),
    ("engine/versions.py", "_Record.__init__", "self.* = 0", "pass", "both are set by the write that makes the record"),
    ("tensors/copying.py", "deep_copy", "x.grad is not None and with_grad", "(with_grad)", "no gradient is copied as none"),
    ("tensors/inplace.py", "_inverse", "tuple(*", "(np.argsort(*", "a list of dims is as good"),
    ("tensors/inplace.py", "meets_itself", "array.flags.c_contiguous or *", "*", "a quick look before the thorough one"),
    ("tensors/inplace.py", "_save_overwritten", "n.serial <= start", "(n.serial < start)", "no node has the number of the start"),
    ("tensors/inplace.py", "_no_fit", "0", "(1)", "there is one that does not fit before the end"),
    ("tensors/inplace.py", "", "3", "(4)", "of the kinds of numbers only the order counts"),
    ("engine/record.py", "record_node", "tuple(values)", "(values)", "they are read in order, and never changed"),
    ("engine/record.py", "record_node", "tuple(nodes)", "(nodes)", "they are read in order, and never changed"),
    ("engine/record.py", "keep", "tuple(*)", "(*)", "they are read in order, and never changed"),
    ("engine/record.py", "note_view", "*len(views)*", "*", "how often those that are gone are swept out"),
    ("engine/record.py", "note_view", "32", "(33)", "how often those that are gone are swept out"),
    ("engine/record.py", "note_view", "1", "(2)", "how often those that are gone are swept out"),
    ("engine/record.py", "_user_frame", "1", "(2)", "the next frame is of this package, too"),
    ("engine/record.py", "_user_frame", "*frame.f_back is not None", "(*_PACKAGE)", "the outermost frame is never of this package"),
    ("engine/record.py", "OutputCotangents.__add__", "dict(self.found)", "(self.found)", "nobody else has what waits"),
    ("nn/module/attributes.py", "_what_there_is", "1", "(2)", "of two names that are near the nearer is taken"),
    ("nn/module/state_dict.py", "_fitting", "tuple(value.shape)", "(value.shape)", "a Size is a tuple"),
    ("engine/node.py", "", "1", "(2)", "the numbers of calls tell their order only"),
    ("graph/tracer.py", "Tracer.constant", "*", "pass", "its first use declares it as the same"),
    ("analysis/receptive.py", "_by_window", "0", "(1)", "only spans with a dimension come here"),
    ("serialization/pickle/loading_context.py", "", "16", "(17)", "a bound with room to spare"),
    ("serialization/pickle/unpickler.py", "", "1000", "*", "a bound: what doubles is beyond any"),
    ("serialization/pickle/unpickler.py", "", "64", "(65)", "about what Python takes for it (tests/serialization/test_budget.py)"),
    ("serialization/pickle/unpickler.py", "", "100", "(101)", "about what Python takes for it (tests/serialization/test_budget.py)"),
    ("serialization/pickle/unpickler.py", "", "128", "(129)", "about what Python takes for it (tests/serialization/test_budget.py)"),
    ("serialization/pickle/unpickler.py", "", "216", "(217)", "about what Python takes for it (tests/serialization/test_budget.py)"),
    ("serialization/pickle/plain_builders.py", "*", "100", "(101)", "about what Python takes for it (tests/serialization/test_budget.py)"),
    ("serialization/pickle/plain_builders.py", "*", "200", "(201)", "about what Python takes for it (tests/serialization/test_budget.py)"),
    ("serialization/pickle/plain_builders.py", "*", "216", "(217)", "about what Python takes for it (tests/serialization/test_budget.py)"),
    ("serialization/pickle/tensor_builders.py", "_size", "8", "(9)", "about what Python takes for it (tests/serialization/test_budget.py)"),
    (
        "serialization/pickle/tensor_builders.py",
        "_size",
        "64",
        "(65)",
        "about what Python takes for it (tests/serialization/test_budget.py)",
    ),
    ("serialization/pickle/tensor_builders.py", "_wrapped", "400", "(401)", "about what a tensor takes"),
    ("serialization/storage/archive_write.py", "ArchiveWriter.identity", "16", "(17)", "any digits that depend on the content"),
    (
        "serialization/pickle/tensor_builders.py",
        "_with_attributes",
        "type(name) is not str or *",
        "(not name.isidentifier() or *",
        "what is no text has no `isidentifier`, and is refused for that",
    ),
    ("analysis/receptive.py", "_select", "1", "(2)", "a number takes its dimension away, and the step with it"),
    ("analysis/receptive.py", "_blended", "1", "(2)", "half a place of the finer grid, which the size rounds away"),
    ("serialization/formats/legacy.py", "_fetch.fetch", "len(pid) > 1", "(len(pid) >= 1)", "what is too short is refused a line later"),
    (
        "utils/data/origins.py",
        "_draws_late",
        "not isinstance(link, RandomSampler) or link.generator is None",
        "(not isinstance(link, RandomSampler))",
        "random states are then read around each batch, which gives the same and takes longer",
    ),
    (
        "utils/data/transport.py",
        "",
        "1 << 16",
        "*",
        "an array is the same whichever way it comes (tests/utils/test_data_transport.py sends it both ways)",
    ),
    (
        "utils/data/transport.py",
        "",
        "1",
        "(2)",
        "an array is the same whichever way it comes (tests/utils/test_data_transport.py sends it both ways)",
    ),
    ("utils/data/transport.py", "Arena._take", "min(fitting, *", "*", "any idle segment that is large enough holds the same"),
    ("utils/data/transport.py", "Arena._make", "size.bit_length() - 4", "*", "how sizes are rounded up: memory, not content"),
    ("utils/data/team.py", "Team.shutdown", "deadline - time.monotonic()", "*", "how long is waited for workers that end by themselves"),
    ("utils/data/team.py", "Team._death", "1.0", "(2.0)", "how long is waited for a process that is about to end"),
    ("drawing/canvas/numbers.py", "_special", "v > 0", "(v >= 0)", "v is infinite there"),
    ("drawing/lessons/layers.py", "Layer", "1", "(2)", "defaults that whoever makes a layer sets"),
    (
        "drawing/lessons/layer_folds.py",
        "merged_runs",
        'first.kind != "conv" or *',
        "*first.shape != n.shape or (n.window is None))",
        "every convolution has a window; the type checker cannot know",
    ),
    ("summaries/collect.py", "_made", "tuple(input_size)", "(input_size)", "a list of sizes is unpacked as a tuple is"),
    ("drawing/lessons/layers.py", "folding_within", "0", "(1)", "a graph without steps has nothing to fold"),
    ("summaries/collect.py", "_Keys.of", "1", "(2)", "the numbers of calls need only be unlike"),
    ("drawing/entries/probe.py", "_decoded", "0", "(1)", "each pull names the same inputs"),
    ("drawing/entries/probe.py", "*", "* > TOLERANCE", "(* >= TOLERANCE)", "no derivative is as small as that"),
    ("drawing/entries/probe.py", "Rules.random", "0.5", "(1.0)", "any numbers, away from 0"),
    ("drawing/entries/probe.py", "Rules.random", "1.5", "(3.0)", "any numbers, away from 0"),
    ("drawing/entries/probe.py", "Rules.random", "20", "(21)", "any numbers, away from 0"),
    ("drawing/lessons/sliding.py", "Sliding", "True", "(False)", "whoever makes a pooling sets it, and nothing else asks"),
    ("drawing/entries/probe.py", "", "400", "(401)", "a bound on what a picture may take: another way is as right"),
    ("drawing/entries/probe.py", "_guess", "1.0", "(2.0)", "what is guessed must agree with a third set of numbers"),
    (
        "drawing/lessons/sliding.py",
        "_steps",
        "tuple(given)",
        "(given)",
        "what comes is compared, walked over and turned into a tuple in the end",
    ),
]

SPEED = {  # sizes that only decide which of two right kernels computes: (file, name) -> the test that has both compute, and knows what is right
    ("kernels/onednn/channels_last_ops.py", "_BLOCK"): "kernels/test_channels_last.py::test_sums_of_channels",
    ("kernels/onednn/channels_last_ops.py", "_SHARED_BYTES"): "kernels/test_channels_last.py::test_large_sums_are_shared",
    ("kernels/onednn/channels_last_ops.py", "_FAR"): "kernels/test_sums.py::test_moments_of_channels",
    ("kernels/onednn/channels_last_ops.py", "_NEAR"): "kernels/test_channels_last.py::test_sums_of_channels",
}


def reason(mistake: Mistake) -> str | None:
    """Why it changes nothing, if that is known."""
    line = mistake.whole[: mistake.start].rpartition(b"\n")[2].decode()
    judge = SPEED.get((mistake.file, line.partition(" = ")[0])) if not mistake.scope else None
    if judge is not None:
        return f"decides which of two right kernels computes: {judge} has both compute"
    own = (mistake.file, mistake.scope, mistake.before, mistake.after)
    for *place, why in EQUIVALENT:
        if all(fnmatchcase(_plain(a), _plain(b)) for a, b in zip(own, place, strict=True)):
            return why
    return None


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("[", "(").replace("]", ")")  # brackets have a meaning of their own in patterns
