using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Jam.Server.Contracts;

/// <summary>What came of parsing a message: it, or what is wrong with it, or neither where it is to be ignored.</summary>
public readonly record struct Parsed<T>(T? Message, Error? Error)
    where T : class;

/// <summary>
/// Control messages to and from UTF-8 JSON, <c>{"type": "...", "payload": {...}}</c>. Nothing that arrives makes it throw.
/// </summary>
public static class ControlCodec
{
    /// <summary>Deepest nesting that is read.</summary>
    internal const int MaxDepth = 16;

    private static readonly JsonWriterOptions _writing = new()
    {
        // The text goes to a JSON parser, never into a page's markup, so names may stay readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = MaxDepth,
    };

    /// <summary>Parses what a client sent; an error carries one of <see cref="ErrorCodes"/>.</summary>
    public static Parsed<ClientMessage> ParseClient(ReadOnlyMemory<byte> utf8) => ClientMessageReader.Parse(utf8);

    /// <summary>Parses what a server sent. A type that is not known gives neither message nor error: later servers may say more.</summary>
    public static Parsed<ServerMessage> ParseServer(ReadOnlyMemory<byte> utf8) => ServerMessageReader.Parse(utf8);

    /// <summary>The UTF-8 bytes of a server's message.</summary>
    public static byte[] Serialize(ServerMessage message)
    {
        var buffer = new RentedBuffer(1024);
        Serialize(message, buffer);
        var utf8 = buffer.Written.ToArray();
        buffer.Clear();
        return utf8;
    }

    /// <summary>The UTF-8 bytes of a client's message.</summary>
    public static byte[] Serialize(ClientMessage message)
    {
        var buffer = new RentedBuffer(512);
        Serialize(message, buffer);
        var utf8 = buffer.Written.ToArray();
        buffer.Clear();
        return utf8;
    }

    /// <summary>Appends a server's message to a buffer of the caller's.</summary>
    public static void Serialize(ServerMessage message, IBufferWriter<byte> output)
    {
        var json = JamJsonContext.Default;
        (string Type, JsonTypeInfo Shape) form = message switch
        {
            State => ("STATE", json.State),
            Welcome => ("WELCOME", json.Welcome),
            Snapshot => ("SNAPSHOT", json.Snapshot),
            QueueState => ("QUEUE", json.QueueState),
            PolicyState => ("POLICY", json.PolicyState),
            TempoState => ("TEMPO", json.TempoState),
            LoopState => ("LOOP_STATE", json.LoopState),
            LoopAck => ("LOOP_ACK", json.LoopAck),
            ScrollTick => ("SCROLL_TICK", json.ScrollTick),
            BlobRelay => ("BLOB", json.BlobRelay),
            RoomStats => ("ROOM_STATS", json.RoomStats),
            Peers => ("PEERS", json.Peers),
            PeerJoined => ("PEER_JOINED", json.PeerJoined),
            PeerLeft => ("PEER_LEFT", json.PeerLeft),
            SyncResponse => ("SYNC_RESPONSE", json.SyncResponse),
            ClockAnswer => ("SYNC_RESPONSE", json.ClockAnswer),
            ClockPort => ("CLOCK_PORT", json.ClockPort),
            Watched => ("WATCHED", json.Watched),
            SwarmRelay => ("SWARM", json.SwarmRelay),
            Pong => ("PONG", json.Pong),
            Error => ("ERROR", json.Error),
            Rendezvous => ("RENDEZVOUS", json.Rendezvous),
            DoorState => ("DOOR", json.DoorState),
            Invited => ("INVITED", json.Invited),
            _ => throw new NotSupportedException($"No wire form for {message.GetType().Name}."),
        };
        Write(output, form.Type, message, form.Shape);
    }

    /// <summary>Appends a client's message to a buffer of the caller's. What is not finite in a report is left out.</summary>
    public static void Serialize(ClientMessage message, IBufferWriter<byte> output)
    {
        var json = JamJsonContext.Default;
        (string Type, object? Payload, JsonTypeInfo? Shape) form = message switch
        {
            Hello m => ("HELLO", Finite(m), json.Hello),
            SetRole m => ("SET_ROLE", m, json.SetRole),
            Play m => ("PLAY", m, json.Play),
            Pause m => ("PAUSE", m, json.Pause),
            Stop m => ("STOP", m, json.Stop),
            Seek m => ("SEEK", m, json.Seek),
            SetTrack m => ("SET_TRACK", m, json.SetTrack),
            Queue m => ("QUEUE", m, json.Queue),
            SetPolicy m => ("POLICY", m, json.SetPolicy),
            Kick m => ("KICK", m, json.Kick),
            SetDoor m => ("DOOR", m, json.SetDoor),
            Invite m => ("INVITE", m, json.Invite),
            Mute m => ("MUTE", m, json.Mute),
            ScrollRequest m => ("SCROLL", m, json.ScrollRequest),
            SetTempo m => ("SET_TEMPO", m, json.SetTempo),
            Tap m => ("TAP", m, json.Tap),
            Metronome m => ("METRONOME", m, json.Metronome),
            SetLoop m => ("LOOP", m, json.SetLoop),
            LoopUpdate m => ("LOOP_UPDATE", m, json.LoopUpdate),
            Blob m => ("BLOB", m, json.Blob),
            SnapshotRequest => ("SNAPSHOT", null, null),
            SyncRequest m => ("SYNC_REQUEST", m, json.SyncRequest),
            ClockPortRequest => ("CLOCK_PORT", null, null),
            Ready m => ("READY", m, json.Ready),
            Stats m => ("STATS", Finite(m.Report), json.MemberStats),
            WatchRequest m => ("WATCH", m, json.WatchRequest),
            SwarmTold m => ("SWARM", Finite(m.Report), json.SwarmReport),
            PeersRequest => ("PEERS", null, null),
            Ping m => ("PING", m, json.Ping),
            Bye => ("BYE", null, null),
            TellRendezvous m => ("RENDEZVOUS", m.Told, json.Rendezvous),
            _ => throw new NotSupportedException($"No wire form for {message.GetType().Name}."),
        };
        Write(output, form.Type, form.Payload, form.Shape);
    }

    private static void Write(IBufferWriter<byte> output, string type, object? payload, JsonTypeInfo? shape)
    {
        using var writer = new Utf8JsonWriter(output, _writing);
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
        writer.WritePropertyName("payload"u8);
        if (shape is null)
        {
            writer.WriteStartObject();
            writer.WriteEndObject();
        }
        else
        {
            JsonSerializer.Serialize(writer, payload, shape);
        }

        writer.WriteEndObject();
    }

    private static Hello Finite(Hello hello) =>
        hello.Resume is { } resume && !double.IsFinite(resume.ErrorUs) ? hello with { Resume = null } : hello;

    private static SwarmReport Finite(SwarmReport report) => report.Stats is { } stats ? report with { Stats = Finite(stats) } : report;

    private static MemberStats Finite(MemberStats stats) => stats with
    {
        SyncErrorUs = stats.SyncErrorUs is { } error && double.IsFinite(error) ? error : null,
        SyncUncertaintyUs = stats.SyncUncertaintyUs is { } uncertainty && double.IsFinite(uncertainty) ? uncertainty : null,
        Loss = double.IsFinite(stats.Loss) ? stats.Loss : 0,
        ClockErrorUs = stats.ClockErrorUs is { } clock && double.IsFinite(clock) ? clock : null,
        Totals = stats.Totals is { Copies: { } copies } totals && !double.IsFinite(copies) ? totals with { Copies = null } : stats.Totals,
    };
}
