using System.Text.Json;

namespace Jam.Server.Contracts;

/// <summary>Reads what members say to steer the room: list, tempo, loop, order in the house.</summary>
internal static class RoomCommandReader
{
    private const int MaxSampleLength = 16;

    public static SetPolicy Policy(FieldReader f) => new(
        f.Word("control", ("host", Control.Host), ("everyone", Control.Everyone)),
        f.Word("queue", ("host", Control.Host), ("everyone", Control.Everyone)),
        f.Word("on_host_loss", ("promote", HostLoss.Promote), ("free", HostLoss.Free), ("pause", HostLoss.Pause), ("keep", HostLoss.Keep)),
        f.Flag("is_listed"), f.Word("links", ("plain", LinkSecurity.Plain), ("tls", LinkSecurity.Tls)));

    public static Invite Invite(FieldReader f)
    {
        var action = f.Text("action", 16) ?? InviteActions.Add;
        if (action is not (InviteActions.Add or InviteActions.Revoke or InviteActions.List))
            f.Fail("action must be \"add\", \"revoke\" or \"list\"");
        return new Invite(
            action, action == InviteActions.Revoke ? f.Required(f.Id("id"), "id") : f.Id("id"), (int?)f.Whole("uses", 1, DoorSeal.MaxUses),
            f.Whole("seconds", 1, DoorSeal.MaxSeconds));
    }

    public static Kick Kick(FieldReader f) => new(f.Required(f.Id("peer_id"), "peer_id"));

    public static Mute Mute(FieldReader f) => new(f.Required(f.Id("peer_id"), "peer_id"), f.Flag("is_muted") ?? true);

    public static Queue Queue(FieldReader f)
    {
        var action = f.Required(f.Text("action", 16), "action");
        switch (action)
        {
            case QueueActions.Add:
                return new Queue(action, Track(f), Place(f));
            case QueueActions.Remove:
                return new Queue(action, Track(f));
            case QueueActions.Move:
                return new Queue(action, Track(f), f.Required(Place(f), "place", 0));
            case QueueActions.Next or QueueActions.Previous:
                return new Queue(action);
            case QueueActions.Repeat:
                var repeat = f.Word("repeat", ("off", Repeat.Off), ("one", Repeat.One), ("all", Repeat.All));
                return new Queue(action, Repeat: f.Required(repeat, "repeat", Repeat.Off));
            case QueueActions.Shuffle:
                return new Queue(action, IsOn: f.Required(f.Flag("is_on"), "is_on", false));
            default:
                f.Fail("action must be \"add\", \"remove\", \"move\", \"next\", \"previous\", \"repeat\" or \"shuffle\"");
                return new Queue(action);
        }
    }

    public static ScrollRequest Scroll(FieldReader f)
    {
        var every = (int)(f.Whole("every_ms", 0, 100) ?? 100);
        if (every is not (0 or 50 or 100))
            f.Fail("every_ms must be 100, 50 or 0");
        return new ScrollRequest(every);
    }

    public static SetTempo Tempo(FieldReader f)
    {
        var tempo = new SetTempo(
            f.Required(f.Number("bpm", Limits.MinBpm, Limits.MaxBpm), "bpm", 120), (int?)f.Whole("beats_per_bar", 1, Limits.MaxBeatsPerBar),
            f.Whole("origin_us", long.MinValue / 4, long.MaxValue / 4), f.Whole("track_origin_us", 0, Limits.MaxPositionUs));
        if (tempo is { OriginUs: not null, TrackOriginUs: not null })
            f.Fail("origin_us and track_origin_us exclude each other");
        return tempo;
    }

    public static Tap Tap(FieldReader f) => new(f.Whole("at_us", long.MinValue / 4, long.MaxValue / 4));

    public static Metronome Metronome(FieldReader f) =>
        new(f.Flag("is_on"), (int?)f.Whole("count_in_bars", 0, Limits.MaxCountInBars));

    public static SetLoop Loop(FieldReader f) => new(
        f.Flag("is_on"), (int?)f.Whole("steps", 1, Limits.MaxLoopSteps), (int?)f.Whole("beats", 1, Limits.MaxLoopSteps));

    public static LoopUpdate LoopUpdate(FieldReader f)
    {
        var steps = new List<LoopStep?>();
        if (!f.TryFind("steps", out var list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is < 1 or > Limits.MaxLoopSteps)
            f.Fail($"steps must be a list of 1 to {Limits.MaxLoopSteps} steps");
        else
            steps.AddRange(list.EnumerateArray().Select(item => Step(f, item)));
        return new LoopUpdate(steps, f.Id("peer_id"));
    }

    public static Blob Blob(FieldReader f)
    {
        var to = f.Id("to");
        if (!f.TryFind("data", out var data))
            return new Blob("null", to);
        if (RawJsonConverter.TextOf(data) is { } text)
            return new Blob(text, to);
        f.Fail($"data may have {Limits.MaxBlobBytes} bytes and {Limits.MaxBlobDepth} levels");
        return new Blob("null", to);
    }

    private static LoopStep? Step(FieldReader f, JsonElement item)
    {
        if (item.ValueKind == JsonValueKind.Null)
            return null;
        var inner = new FieldReader(item, default);
        var sample = inner.Text("sample", MaxSampleLength);
        var step = new LoopStep((int?)inner.Whole("pitch", 0, 127), sample, (int)(inner.Whole("velocity", 1, 127) ?? 100));
        if (item.ValueKind != JsonValueKind.Object || step.Pitch is null == step.Sample is null || (sample is not null && !Names.IsId(sample)))
            inner.Fail("a step is null, or has a pitch or a sample");
        if (inner.Problem is { } problem)
            f.Fail(problem);
        return step;
    }

    private static int? Place(FieldReader f) => (int?)f.Whole("place", 0, Limits.MaxQueueLength);

    private static TrackInfo Track(FieldReader f)
    {
        var hasTrack = f.TryFind("track", out var nested);
        if (hasTrack && nested.ValueKind != JsonValueKind.Object)
            f.Fail("track must be an object");
        var inner = hasTrack ? new FieldReader(nested, default) : f;
        var track = ClientMessageReader.ReadTrack(inner);
        if (inner.Problem is { } problem)
            f.Fail(problem);
        return track;
    }
}
