using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Jam.Bench.Fanout;

/// <summary>What a text from a server means to who waits for STATEs.</summary>
internal enum Heard
{
    Other,
    State,
    Answer,
}

/// <summary>What is said on each server's WebSocket. All bring the same STATE, to the byte of what is in it.</summary>
/// <param name="Name">By which it is named in the table.</param>
internal sealed record Dialect(string Name)
{
    private const string Payload =
        """{"track_id":null,"status":"PAUSE","offset_sec":{0},"timestamp":1762569219.737918,"epoch":1,"revision":{1},"clock_id":"7d13fde1-d739-4b39-8eee-49740ac32ce6","at_us":3696223234,"position_us":{1},"track":null,"by":"cc170b2bab38248c","note":null}""";

    private static readonly byte[] s_connect = Frame("40"u8);
    private static readonly byte[] s_helloEvent = Frame("""42["HELLO",{}]"""u8);
    private static readonly byte[] s_alive = Frame("3"u8);

    public static readonly Dialect SwarmJam = new("swarmjam");
    public static readonly Dialect Ws = new("ws");
    public static readonly Dialect SocketIo = new("socket.io");

    /// <summary>What each relay starts from.</summary>
    public string InitialState => this == SocketIo ? PayloadOf(0) : StateOf(0);

    public string PathOf(string room) => this == SocketIo ? $"/socket.io/?EIO=4&transport=websocket&room={room}" : $"/ws/{room}";

    /// <summary>The first word after the handshake; empty where the server has it.</summary>
    public byte[] Greeting(bool isHost, int index) => this == SocketIo
        ? []
        : Frame(Encoding.UTF8.GetBytes(
            $$$"""{"type":"HELLO","payload":{"role":"{{{(isHost ? "host" : "viewer")}}}","name":"viewer {{{index}}}"}}"""));

    /// <summary>What a host says so that all get a STATE of that number.</summary>
    public byte[] Order(int number) => Frame(Encoding.UTF8.GetBytes(
        this == SwarmJam ? string.Create(CultureInfo.InvariantCulture, $$$"""{"type":"SEEK","payload":{"position_us":{{{number}}}}}""")
        : this == Ws ? StateOf(number)
        : $"42[\"STATE\",{PayloadOf(number)}]"));

    /// <summary>What a text means, with the number of a STATE or the answer that the server waits for.</summary>
    public Heard Hear(ReadOnlySpan<byte> text, out int number, out byte[] answer)
    {
        (number, answer) = (0, []);
        if (this == SocketIo && text.Length > 0 && !text.StartsWith("42"u8))
        {
            answer = text[0] == '0' ? s_connect : text.StartsWith("40"u8) ? s_helloEvent : text[0] == '2' ? s_alive : [];
            return answer.Length > 0 ? Heard.Answer : Heard.Other;
        }

        if (!text.StartsWith(this == SocketIo ? "42[\"STATE\""u8 : "{\"type\":\"STATE\""u8))
            return Heard.Other;
        var at = text.IndexOf("\"position_us\":"u8);
        if (at < 0 || !Utf8Parser.TryParse(text[(at + 14)..], out number, out _))
            throw new InvalidDataException($"{Name}: a STATE without a position");
        return Heard.State;
    }

    /// <summary>A text as a client sends it: masked, with zeros, since nobody between could be misled here.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> text, byte code = 1)
    {
        var header = text.Length < 126 ? 2 : 4;
        var frame = new byte[header + 4 + text.Length];
        frame[0] = (byte)(0x80 | code);
        frame[1] = (byte)(0x80 | (header == 2 ? text.Length : 126));
        if (header == 4)
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)text.Length);
        text.CopyTo(frame.AsSpan(header + 4));
        return frame;
    }

    private static string StateOf(int number) => $$$"""{"type":"STATE","payload":{{{PayloadOf(number)}}}}""";

    private static string PayloadOf(int number) => Payload
        .Replace("{0}", (number / 1e6).ToString("0.0#####", CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{1}", number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
