using System.Text.Json;

namespace Jam.Server.Contracts;

/// <summary>The client's side of the wire form, read with suspicion.</summary>
internal static class ClientMessageReader
{
    private static readonly JsonDocumentOptions _reading = new() { MaxDepth = ControlCodec.MaxDepth };

    public static Parsed<ClientMessage> Parse(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Length > Limits.MaxMessageBytes)
            return Wrong(ErrorCodes.TooLarge, $"a message may have {Limits.MaxMessageBytes} bytes", true);
        try
        {
            using var document = JsonDocument.Parse(utf8, _reading);
            return Read(document.RootElement);
        }
        catch (JsonException)
        {
            return Wrong(ErrorCodes.BadJson, "not a JSON object");
        }
        catch (InvalidOperationException)
        {
            // Bytes or escapes inside a string that are no Unicode show only when the string is read.
            return Wrong(ErrorCodes.BadJson, "a string is not valid Unicode");
        }
    }

    private static Parsed<ClientMessage> Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            return Wrong(ErrorCodes.BadJson, "a message is an object with a type");
        if (!root.TryGetProperty("type"u8, out var typed) || typed.ValueKind != JsonValueKind.String)
            return Wrong(ErrorCodes.BadField, "type is missing or no string");
        var hasPayload = root.TryGetProperty("payload"u8, out var payload) && payload.ValueKind != JsonValueKind.Null;
        if (hasPayload && payload.ValueKind != JsonValueKind.Object)
            return Wrong(ErrorCodes.BadField, "payload must be an object");

        var f = new FieldReader(hasPayload ? payload : default, root);
        ClientMessage? message = typed.GetString() switch
        {
            "HELLO" => ReadHello(f),
            "SET_ROLE" => new SetRole(f.Required(ReadRole(f), "role", Role.Viewer), f.Id("peer_id")) { HostToken = f.Id("host_token") },
            "DOOR" => new SetDoor(f.Secret("password", DoorSeal.MaxPasswordLength), f.Flag("is_locked")),
            "INVITE" => RoomCommandReader.Invite(f),
            "POLICY" => RoomCommandReader.Policy(f),
            "KICK" => RoomCommandReader.Kick(f),
            "MUTE" => RoomCommandReader.Mute(f),
            "PLAY" => new Play(ReadPositionUs(f), ReadOffsetSec(f)),
            "PAUSE" => new Pause(),
            "STOP" => new Stop(),
            "SEEK" => ReadSeek(f),
            "SET_TRACK" => ReadSetTrack(f),
            "QUEUE" => RoomCommandReader.Queue(f),
            "SCROLL" => RoomCommandReader.Scroll(f),
            "SET_TEMPO" => RoomCommandReader.Tempo(f),
            "TAP" => RoomCommandReader.Tap(f),
            "METRONOME" => RoomCommandReader.Metronome(f),
            "LOOP" => RoomCommandReader.Loop(f),
            "LOOP_UPDATE" => RoomCommandReader.LoopUpdate(f),
            "BLOB" => RoomCommandReader.Blob(f),
            "SNAPSHOT" => new SnapshotRequest(),
            "SYNC_REQUEST" => new SyncRequest(f.Whole("t1_us", long.MinValue, long.MaxValue) ?? 0, f.Flag("is_brief") ?? false),
            "CLOCK_PORT" => new ClockPortRequest(),
            "READY" => new Ready(f.Required(f.TrackId("track_id"), "track_id"), f.Required(f.Flag("is_ready"), "is_ready", false)),
            "STATS" => new Stats(ReadStats(f)),
            "WATCH" => new WatchRequest(f.Flag("is_on") ?? true),
            "SWARM" => new SwarmTold(ReadSwarm(f, hasPayload ? payload : root)),
            "PEERS" => new PeersRequest(),
            "PING" => new Ping(f.Whole("nonce", long.MinValue, long.MaxValue) ?? 0),
            "BYE" => new Bye(),
            "RENDEZVOUS" => new TellRendezvous(ReadRendezvous(f)),
            _ => null,
        };
        if (message is null)
            return Wrong(ErrorCodes.UnknownType, "no such type of message");
        if (message is RoomCommand command)
            message = command with { Epoch = f.Whole("epoch", 0, Limits.MaxEpoch), Revision = f.Whole("revision", 0, Limits.MaxEpoch) };
        return f.Problem is { } problem ? Wrong(ErrorCodes.BadField, problem) : new Parsed<ClientMessage>(message, null);
    }

    private static Hello ReadHello(FieldReader f) => new(
        ReadRole(f) ?? Role.Viewer, f.Name("name", Limits.MaxMemberNameLength), f.Id("peer_id"), f.Addresses("listen"),
        (int?)f.Whole("listen_port", 1, 65535), f.Id("resume_token"), ReadResume(f), f.Flag("is_listed"),
        (int?)f.Whole("gateway_port", 1, 65535))
    {
        Password = f.Secret("password", DoorSeal.MaxPasswordLength), Invite = f.Id("invite"), HostToken = f.Id("host_token"), IsLocked = f.Flag("is_locked"),
        IsEncrypted = f.Flag("is_encrypted"), LinkKey = f.TrackId("link_key"), RetryToken = f.Id("retry_token"),
    };

    private static Role? ReadRole(FieldReader f) => f.Word("role", ("viewer", Role.Viewer), ("host", Role.Host));

    private static long? ReadPositionUs(FieldReader f) => f.Whole("position_us", 0, Limits.MaxPositionUs);

    private static double? ReadOffsetSec(FieldReader f) => f.Number("offset_sec", 0, Limits.MaxPositionUs / 1e6);

    private static Seek ReadSeek(FieldReader f)
    {
        var seek = new Seek(ReadPositionUs(f), ReadOffsetSec(f));
        if (seek.PositionUs is null && seek.OffsetSec is null)
            f.Fail("position_us or offset_sec is missing");
        return seek;
    }

    private static SetTrack ReadSetTrack(FieldReader f) => new(
        f.TrackId("track_id"), ReadTrackName(f), ReadLength(f), ReadChunkSize(f), ReadKind(f), ReadDuration(f), ReadSidecars(f));

    /// <summary>A track's fields, of which only the id has to be there.</summary>
    public static TrackInfo ReadTrack(FieldReader f)
    {
        var trackId = f.Required(f.TrackId("track_id"), "track_id");
        return new TrackInfo(
            trackId, ReadTrackName(f) ?? trackId[..Math.Min(8, trackId.Length)], ReadLength(f), ReadChunkSize(f), ReadKind(f), ReadDuration(f),
            ReadSidecars(f));
    }

    private static string? ReadTrackName(FieldReader f) =>
        f.Text("name", 4 * 1024) is { } name ? Names.CleanFileName(name, Limits.MaxTrackNameLength) : null;

    private static long ReadLength(FieldReader f) => f.Whole("length_bytes", 0, Limits.MaxTrackBytes) ?? 0;

    private static int ReadChunkSize(FieldReader f) => (int)(f.Whole("chunk_size_bytes", 0, Limits.MaxChunkBytes) ?? 0);

    private static TrackKind ReadKind(FieldReader f) =>
        f.Word("kind", ("audio", TrackKind.Audio), ("data", TrackKind.Data)) ?? TrackKind.Audio;

    private static long? ReadDuration(FieldReader f) => f.Whole("duration_us", 0, Limits.MaxPositionUs);

    private static Sidecars? ReadSidecars(FieldReader f)
    {
        if (!f.TryFind("sidecars", out var value))
            return null;
        if (value.ValueKind != JsonValueKind.Object)
            f.Fail("sidecars must be an object");
        var inner = new FieldReader(value, default);
        var sidecars = new Sidecars(inner.TrackId("index"), inner.TrackId("tags"), inner.TrackId("cover"));
        if (inner.Problem is { } problem)
            f.Fail(problem);
        return sidecars == new Sidecars() ? null : sidecars;
    }

    private static MemberStats ReadStats(FieldReader f) => new(
        f.Whole("rtt_us", 0, Limits.MaxReportUs) ?? 0, f.Whole("output_lead_us", 0, Limits.MaxReportUs) ?? 0,
        f.Whole("buffer_us", 0, Limits.MaxPositionUs) ?? 0, f.Number("sync_error_us", -1e12, 1e12),
        f.Number("sync_uncertainty_us", 0, 1e12), f.Whole("jitter_us", 0, Limits.MaxReportUs) ?? 0, f.Number("loss", 0, 1) ?? 0,
        f.Number("clock_error_us", 0, 1e12), ReadTotals(f));

    private static MemberTotals? ReadTotals(FieldReader f)
    {
        if (!f.TryFind("totals", out var value))
            return null;
        if (value.ValueKind != JsonValueKind.Object)
            f.Fail("totals must be an object");
        var inner = new FieldReader(value, default);
        var totals = new MemberTotals(
            inner.Whole("received_bytes", 0, Limits.MaxTotal) ?? 0, inner.Whole("useful_bytes", 0, Limits.MaxTotal) ?? 0,
            inner.Whole("sent_bytes", 0, Limits.MaxTotal) ?? 0, (int)(inner.Whole("stalls", 0, int.MaxValue) ?? 0), inner.Number("copies", 0, 1e6));
        if (inner.Problem is { } problem)
            f.Fail(problem);
        return totals;
    }

    private static SwarmReport ReadSwarm(FieldReader f, JsonElement value)
    {
        try
        {
            if (value.Deserialize(JamJsonContext.Default.SwarmReport) is { } report)
            {
                if (report.Problem() is not { } problem)
                    return report;
                f.Fail(problem);
            }
        }
        catch (JsonException)
        {
            f.Fail("swarm must hold chunks, round, sources, runs and links");
        }

        return new SwarmReport(null, 0, 0, true, [], [], []);
    }

    private static Resume? ReadResume(FieldReader f)
    {
        if (!f.TryFind("resume", out var value))
            return null;
        try
        {
            if (value.Deserialize(JamJsonContext.Default.Resume) is { } resume && Validity.Of(resume) is null)
                return resume with { Track = Validity.Clean(resume.Track), Queue = resume.Queue?.Select(track => Validity.Clean(track)!).ToArray() };
        }
        catch (JsonException)
        {
            // The same answer as for values out of range, below.
        }

        f.Fail("resume must hold a valid timeline, room_time_us and error_us");
        return null;
    }

    private static Rendezvous ReadRendezvous(FieldReader f) =>
        new(f.Required(f.Whole("epoch", 1, Limits.MaxEpoch), "epoch", 1), f.Guid("authority_id"), f.RoomUrls("urls"));

    private static Parsed<ClientMessage> Wrong(string code, string message, bool close = false) =>
        new(null, new Error(code, message, close));
}
