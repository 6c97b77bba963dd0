using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Jam.Server.Hosting;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>What waits on a connection: in which order, for whom, and in how many pieces it goes.</summary>
[CancelAfter(30_000)]
internal sealed class OutboxTests
{
    private static Outbound Text(string text) => new(Encoding.UTF8.GetBytes(text));

    private static string? Next(Outbox outbox) => outbox.TryTake(out var next, out _) ? Encoding.UTF8.GetString(next.Utf8!) : null;

    [Test]
    public void What_is_patient_waits_for_the_next_that_is_not_and_goes_before_it()
    {
        var outbox = new Outbox(8);
        Assert.That((outbox.TryAddPatient(Text("a"), 4, out var isMine), isMine), Is.EqualTo((true, false)));
        Assert.That((outbox.TryAdd(Text("b"), out isMine), isMine), Is.EqualTo((true, true)));
        Assert.That((Next(outbox), Next(outbox), Next(outbox)), Is.EqualTo(("a", "b", (string?)null)));
    }

    [Test]
    public void Whoever_asks_in_a_while_has_to_empty_it_once()
    {
        var outbox = new Outbox(8);
        Assert.That(outbox.TryClaim(), Is.False, "nothing waits");
        outbox.TryAddPatient(Text("a"), 4, out _);
        Assert.That((outbox.TryClaim(), outbox.TryClaim()), Is.EqualTo((true, false)));
    }

    [Test]
    public void So_many_that_are_patient_wait_no_longer_and_one_too_many_is_refused()
    {
        var outbox = new Outbox(3);
        bool[] mine = [.. Enumerable.Range(0, 3).Select(i => outbox.TryAddPatient(Text($"{i}"), 2, out var isMine) && isMine)];
        Assert.That(mine, Is.EqualTo(new[] { false, true, false }));
        Assert.That(outbox.TryAddPatient(Text("3"), 2, out _), Is.False);
    }

    [Test]
    public void What_waits_behind_goes_along_up_to_a_state_an_end_or_enough_bytes()
    {
        var outbox = new Outbox(8);
        foreach (var message in (Outbound[])[Text("a"), Text("bb"), Text("cc"), Text("s") with { IsState = true }, Text("d"), Text("end") with { Close = WebSocketCloseStatus.PolicyViolation }])
            outbox.TryAdd(message, out _);
        Assert.That(Next(outbox), Is.EqualTo("a"));
        Assert.That(outbox.TakeBehind(3)!.Select(Encoding.UTF8.GetString), Is.EqualTo(new[] { "bb" }));
        Assert.That((Next(outbox), outbox.TakeBehind(100), Next(outbox)), Is.EqualTo(("cc", (byte[][]?)null, "s")));
        Assert.That(outbox.TakeBehind(100)!.Select(Encoding.UTF8.GetString), Is.EqualTo(new[] { "d" }));
        Assert.That(outbox.TakeBehind(100), Is.Null);
    }

    [Test]
    public void An_answer_to_a_probe_is_overtaken_by_nothing_behind()
    {
        var outbox = new Outbox(8);
        outbox.TryAdd(Text("s") with { IsState = true }, out _);
        Next(outbox);
        outbox.TryAdd(Text("a"), out _);
        outbox.AddProbe(new ProbeStamp(1, 2, true));
        Assert.That(outbox.TakeBehind(100), Is.Null);
    }

    [Test]
    public void A_message_passes_the_queue_only_where_nothing_waits_and_nobody_sends()
    {
        var outbox = new Outbox(8);
        Assert.That((outbox.TryPass(isState: false), outbox.TryPass(isState: false)), Is.EqualTo((true, false)), "one at a time");
        Assert.That((outbox.TryAdd(Text("a"), out var isMine), isMine), Is.EqualTo((true, false)), "whoever passed empties it");
        Assert.That((Next(outbox), Next(outbox)), Is.EqualTo(("a", (string?)null)));
        outbox.TryAddPatient(Text("patient"), 4, out _);
        Assert.That(outbox.TryPass(isState: false), Is.False, "it came first");
        Assert.That((outbox.TryClaim(), Next(outbox), Next(outbox)), Is.EqualTo((true, "patient", (string?)null)));
        outbox.TrySetLastWord(Text("last"), out _);
        Assert.That(outbox.TryPass(isState: false), Is.False, "after a last word nothing is said");
    }

    [Test]
    public void Answers_to_probes_wait_for_the_first_state_that_passes_too()
    {
        var outbox = new Outbox(8);
        Assert.That(outbox.AddProbe(new ProbeStamp(1, 2, true)), Is.False, "not before STATE");
        Assert.That(outbox.TryPass(isState: true), Is.True);
        Assert.That((outbox.TryTake(out _, out var probe), probe?.T1Us), Is.EqualTo((true, 1L)));
    }

    [Test]
    public async Task Several_texts_at_once_come_as_a_frame_each(CancellationToken ct)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, ct);
        using var accepted = await listener.AcceptSocketAsync(ct);
        await using var wire = new DirectWire(new NetworkStream(accepted), accepted);
        string[] texts = ["a", new('b', 200), new('c', 70_000), ""];
        var sending = wire.SendTextsAsync(Encoding.UTF8.GetBytes(texts[0]), [.. texts.Skip(1).Select(Encoding.UTF8.GetBytes)], ct).AsTask();
        using var reader = WebSocket.CreateFromStream(client.GetStream(), new WebSocketCreationOptions());
        foreach (var text in texts)
        {
            var (buffer, length) = (new byte[80_000], 0);
            ValueWebSocketReceiveResult part;
            do
                length += (part = await reader.ReceiveAsync(buffer.AsMemory(length), ct)).Count;
            while (!part.EndOfMessage);
            Assert.That(Encoding.UTF8.GetString(buffer, 0, length), Is.EqualTo(text));
        }

        await sending;
    }
}
