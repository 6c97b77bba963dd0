using System.Collections.Immutable;
using Jam.Server.Contracts;

namespace Jam.Peer.Playback;

/// <summary>A lane as far as it is known: what it sounds like from a beat on, and before.</summary>
internal sealed record LoopPart(IReadOnlyList<LoopStep?> Steps, long FromBeat, IReadOnlyList<LoopStep?> Before)
{
    /// <summary>What it sounds like in a cycle that began at a beat.</summary>
    public IReadOnlyList<LoopStep?> At(long cycleBeat) => cycleBeat >= FromBeat ? Steps : Before;
}

/// <summary>
/// The shared loop as its authority has described it. Changes hold from the start of a cycle; they are kept by beat, since cycles of
/// another length are numbered anew.
/// </summary>
internal sealed record LoopBook(LoopShape Shape, LoopShape? Before)
{
    public static LoopBook Empty { get; } = new(new LoopShape(1, 0), null);

    private readonly ImmutableSortedDictionary<string, LoopPart> _parts =
        ImmutableSortedDictionary<string, LoopPart>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>By their owners' peer ids.</summary>
    public ImmutableSortedDictionary<string, LoopPart> Parts
    {
        get => _parts;
        init => (_parts, Sounding) = (value, [.. value.Values]);
    }

    /// <summary>The same parts for the audio thread, which may not allocate.</summary>
    public LoopPart[] Sounding { get; private init; } = [];

    /// <summary>Whether a change was missed: the whole room has to be asked for.</summary>
    public bool IsIncomplete { get; init; }

    /// <summary>Whether the last snapshot was as new as what is known: the lanes of an older one are not taken, they may be gone.</summary>
    private bool TakesLanes { get; init; } = true;

    /// <summary>The shape of the cycle that runs at a beat.</summary>
    public LoopShape ShapeAt(long beat) => beat >= Shape.EffectiveCycle * Shape.Beats ? Shape : Before ?? Shape;

    /// <summary>The loop after a change; this one where that is no newer.</summary>
    public LoopBook Apply(LoopState state) =>
        IsNewer(state.Loop.Epoch, state.Loop.Revision) ? Next(state.Loop, state.Lane) : this;

    /// <summary>The loop after one's own change was acknowledged.</summary>
    public LoopBook Apply(LoopAck ack) => IsNewer(Shape.Epoch, ack.Revision) ? Next(Shape with { Revision = ack.Revision }, ack.Lane) : this;

    /// <summary>What was known of lanes before a snapshot: it says what they will be, not what they sound like until then.</summary>
    private ImmutableSortedDictionary<string, LoopPart> Old { get; init; } =
        ImmutableSortedDictionary<string, LoopPart>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>
    /// The loop as a snapshot's first page has it; lanes follow on others. This one where it is older, or says nothing new: what holds
    /// only from the next cycle on must not be taken over in the middle of this one.
    /// </summary>
    public LoopBook Restart(LoopShape shape)
    {
        var order = (shape.Epoch, shape.Revision).CompareTo((Shape.Epoch, Shape.Revision));
        if (order < 0)
            return this with { TakesLanes = false };
        if (order == 0 && !IsIncomplete && Parts.Count > 0)
            return this;
        // Another authority may count its beats anew.
        return shape.Epoch != Shape.Epoch ? new LoopBook(shape, null) : new LoopBook(shape, IsOther(shape) ? Shape : Before) { Old = Parts };
    }

    /// <summary>With the lanes of a page of a snapshot.</summary>
    public LoopBook With(IEnumerable<LoopLane> lanes) => !TakesLanes ? this : lanes.Aggregate(this, (book, lane) => book.Parts.ContainsKey(lane.PeerId)
        ? book
        : book with { Parts = book.Parts.Add(lane.PeerId, PartOf(book.Shape, lane, book.Old)) });

    private bool IsNewer(long epoch, long revision) => (epoch, revision).CompareTo((Shape.Epoch, Shape.Revision)) > 0;

    private LoopBook Next(LoopShape shape, LoopLane? lane)
    {
        return this with
        {
            Shape = shape, Before = IsOther(shape) ? Shape : Before,
            Parts = lane is null ? Parts : Parts.SetItem(lane.PeerId, PartOf(shape, lane, Parts)),
            IsIncomplete = IsIncomplete || shape.Epoch != Shape.Epoch || shape.Revision > Shape.Revision + 1,
        };
    }

    private bool IsOther(LoopShape shape) => shape with { Revision = Shape.Revision, Epoch = Shape.Epoch } != Shape;

    private static LoopPart PartOf(LoopShape shape, LoopLane lane, ImmutableSortedDictionary<string, LoopPart> before)
    {
        var fromBeat = lane.EffectiveCycle * shape.Beats;
        // Two edits within a cycle: what sounded before the first sounds until the second.
        IReadOnlyList<LoopStep?> until = before.TryGetValue(lane.PeerId, out var known) ? known.FromBeat < fromBeat ? known.Steps : known.Before : [];
        return new LoopPart(lane.Steps, fromBeat, until);
    }
}
