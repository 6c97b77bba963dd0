using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

[TestFixture]
internal sealed class ClockDatagramTests
{
    private static readonly byte[] _key = [.. Enumerable.Range(1, ClockDatagram.KeyLength).Select(i => (byte)i)];
    private static readonly ClockStamps _stamps = new(-7, 1_234_567_890_123, 1_234_567_890_150, new Guid("00112233-4455-6677-8899-aabbccddeeff"));

    [Test]
    public void A_request_arrives_as_it_was()
    {
        var datagram = Request();
        Assert.That(ClockDatagram.TryReadTicket(datagram, out var ticket), Is.True);
        Assert.That(ticket, Is.EqualTo(42));
        Assert.That(ClockDatagram.TryReadRequest(datagram, _key, out var mark), Is.True);
        Assert.That(mark, Is.EqualTo(long.MinValue + 3));
    }

    [Test]
    public void An_answer_arrives_as_it_was()
    {
        Assert.That(ClockDatagram.TryReadResponse(Response(), _key, 42, out var stamps), Is.True);
        Assert.That(stamps, Is.EqualTo(_stamps));
    }

    [Test]
    public void The_bytes_are_those_that_the_protocol_says() => Assert.That(
        Convert.ToHexStringLower(Response().AsSpan(0, 56)),
        Is.EqualTo("4a434c4b01020000" + "000000000000002a" + "fffffffffffffff9" + "00112233445566778899aabbccddeeff" + "0000011f71fb04cb" + "0000011f71fb04e6"));

    [Test]
    public void A_datagram_that_was_touched_anywhere_counts_for_nothing()
    {
        for (var at = 0; at < ClockDatagram.Length; at++)
        {
            var (request, response) = (Request(), Response());
            request[at] ^= 1;
            response[at] ^= 0x80;
            Assert.That(ClockDatagram.TryReadRequest(request, _key, out _), Is.False, $"request, byte {at}");
            Assert.That(ClockDatagram.TryReadResponse(response, _key, 42, out _), Is.False, $"answer, byte {at}");
        }
    }

    [Test]
    public void Another_key_or_ticket_or_kind_or_length_counts_for_nothing()
    {
        byte[] other = [.. _key.Reverse()];
        Assert.That(ClockDatagram.TryReadRequest(Request(), other, out _), Is.False);
        Assert.That(ClockDatagram.TryReadResponse(Response(), other, 42, out _), Is.False);
        Assert.That(ClockDatagram.TryReadResponse(Response(), _key, 43, out _), Is.False);
        Assert.That(ClockDatagram.TryReadRequest(Response(), _key, out _), Is.False, "an answer sent back is no request");
        Assert.That(ClockDatagram.TryReadResponse(Request(), _key, 42, out _), Is.False);
        foreach (var length in (int[])[0, 1, 8, ClockDatagram.Length - 1, ClockDatagram.Length + 1])
        {
            var bytes = new byte[length];
            Request().AsSpan(0, Math.Min(length, ClockDatagram.Length)).CopyTo(bytes);
            Assert.That(ClockDatagram.TryReadTicket(bytes, out _), Is.False, $"{length} bytes");
        }
    }

    [Test]
    public void What_is_no_key_is_refused()
    {
        foreach (var key in (string?[])[null, "", "x", Convert.ToBase64String(new byte[31]), Convert.ToBase64String(new byte[33]), new string('A', 400)])
            Assert.That(ControlCodec.ParseServer(ControlCodec.Serialize(new ClockPort(8000, 1, key))).Error, Is.Not.Null, key ?? "none");
        Assert.That(ControlCodec.ParseServer(ControlCodec.Serialize(new ClockPort(70_000, 1, Convert.ToBase64String(_key)))).Error, Is.Not.Null);
    }

    [Test]
    public void The_key_is_left_out_of_what_is_logged()
    {
        var key = Convert.ToBase64String(_key);
        Assert.That(MessageText.Of(new ClockPort(8000, 1, key)), Does.Contain("8000").And.Not.Contain(key));
    }

    private static byte[] Request()
    {
        var datagram = new byte[ClockDatagram.Length];
        ClockDatagram.WriteRequest(datagram, _key, 42, long.MinValue + 3);
        return datagram;
    }

    private static byte[] Response()
    {
        var datagram = new byte[ClockDatagram.Length];
        ClockDatagram.WriteResponse(datagram, _key, 42, _stamps);
        return datagram;
    }
}
