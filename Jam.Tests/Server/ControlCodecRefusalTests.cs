using System.Text;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>What the control protocol's codec takes for an error, and what it passes over.</summary>
[TestFixture]
internal sealed class ControlCodecRefusalTests
{
    [TestCase("", ErrorCodes.BadJson)]
    [TestCase("null", ErrorCodes.BadJson)]
    [TestCase("[]", ErrorCodes.BadJson)]
    [TestCase("7", ErrorCodes.BadJson)]
    [TestCase("\"HELLO\"", ErrorCodes.BadJson)]
    [TestCase("{", ErrorCodes.BadJson)]
    [TestCase("{}", ErrorCodes.BadField)]
    [TestCase("""{"type":null}""", ErrorCodes.BadField)]
    [TestCase("""{"type":7}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"NOPE"}""", ErrorCodes.UnknownType)]
    [TestCase("""{"type":"hello"}""", ErrorCodes.UnknownType)]
    [TestCase("""{"type":"HELLO"} {}""", ErrorCodes.BadJson)]
    [TestCase("""{"type":"HELLO","payload":[]}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"HELLO","payload":"x"}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"HELLO","role":"HOST"}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"HELLO","role":1}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"HELLO","name":{}}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"HELLO","name":"\ud800"}""", ErrorCodes.BadJson)]
    [TestCase("""{"type":"\ud800"}""", ErrorCodes.BadJson)]
    [TestCase("""{"type":"HELLO","\ud800":1}""", ErrorCodes.BadJson)]
    [TestCase("""{"type":"HELLO","peer_id":"a b"}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"HELLO","listen":"192.0.2.1:1"}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"HELLO","listen":["example.org:80"]}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"HELLO","listen":["192.0.2.1"]}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"HELLO","listen":[null]}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"SET_TRACK","sidecars":[]}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"SET_TRACK","sidecars":{"index":"abc"}}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"HELLO","listen_port":0}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"HELLO","listen_port":65536}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"HELLO","listen_port":1.5}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"HELLO","resume":7}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"HELLO","resume":{}}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"HELLO","resume":{"timeline":null,"track":null,"room_time_us":1,"error_us":1}}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"SEEK"}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"SEEK","position_us":-1}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"SEEK","position_us":"1"}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"SEEK","position_us":1e30}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"SEEK","offset_sec":1e999}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"SEEK","offset_sec":"NaN"}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"SEEK","offset_sec":NaN}""", ErrorCodes.BadJson)]
    [TestCase("""{"type":"PLAY","offset_sec":-0.5}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"SET_ROLE"}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"SET_TRACK","track_id":"abc"}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"SET_TRACK","chunk_size_bytes":2000000}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"SET_TRACK","length_bytes":-1}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"SET_TRACK","kind":"video"}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"QUEUE"}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"QUEUE","action":"swap","track":{}}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"QUEUE","action":"add","track":[]}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"QUEUE","action":"add","track":{}}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"READY"}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"STATS","rtt_us":-5}""", ErrorCodes.BadField)]
    [TestCase("""{"type":"STATS","sync_error_us":1e999}""", ErrorCodes.BadField)]
    public void What_is_wrong_is_an_error_with_a_code(string json, string code)
    {
        var parsed = ControlCodec.ParseClient(Encoding.UTF8.GetBytes(json));
        Assert.That(parsed.Message, Is.Null);
        Assert.That(parsed.Error?.Code, Is.EqualTo(code));
    }

    [Test]
    public void Deep_nesting_is_bad_json()
    {
        var json = """{"type":"HELLO","x":""" + new string('[', 5000) + new string(']', 5000) + "}";
        Assert.That(ControlCodec.ParseClient(Encoding.UTF8.GetBytes(json)).Error?.Code, Is.EqualTo(ErrorCodes.BadJson));
        Assert.That(ControlCodec.ParseServer(Encoding.UTF8.GetBytes(json)).Error?.Code, Is.EqualTo(ErrorCodes.BadJson));
    }

    [Test]
    public void A_message_over_the_cap_is_too_large_and_closes()
    {
        var json = new byte[Limits.MaxMessageBytes + 1];
        json.AsSpan().Fill((byte)' ');
        Assert.That(ControlCodec.ParseClient(json).Error, Is.EqualTo(new Error(ErrorCodes.TooLarge, "a message may have 65536 bytes", true)));
        Assert.That(ControlCodec.ParseClient(json.AsMemory(1)).Error?.Code, Is.EqualTo(ErrorCodes.BadJson));
    }

    [Test]
    public void A_client_ignores_types_that_it_does_not_know()
    {
        Assert.That(ControlCodec.ParseServer("""{"type":"CONFETTI","payload":{"x":1}}"""u8.ToArray()), Is.EqualTo(default(Parsed<ServerMessage>)));
        Assert.That(ControlCodec.ParseServer("""{"type":"CONFETTI"}"""u8.ToArray()), Is.EqualTo(default(Parsed<ServerMessage>)));
    }

    [Test]
    public void A_client_ignores_fields_that_it_does_not_know() =>
        Assert.That(ControlCodec.ParseServer("""{"type":"PONG","payload":{"nonce":3,"mood":"fine"}}"""u8.ToArray()).Message, Is.EqualTo(new Pong(3)));

    [TestCase("""{"type":"PONG","payload":{}}""")]
    [TestCase("""{"type":"PONG","payload":null}""")]
    [TestCase("""{"type":"SNAPSHOT","payload":{"page":0,"pages":1,"members":[null],"queue":[]}}""")]
    [TestCase("""{"type":"SNAPSHOT","payload":{"page":0,"pages":1,"members":null,"queue":[]}}""")]
    [TestCase("""{"type":"PEER_JOINED","payload":{"member":{"peer_id":"x","name":"n","role":"viewer","join_seq":1,"addresses":["evil"]}}}""")]
    [TestCase("""{"type":"STATE","payload":{"track_id":null,"status":9,"offset_sec":0.0,"timestamp":0,"epoch":1,"revision":0,"clock_id":"00000000-0000-0000-0000-000000000000","at_us":0,"position_us":0}}""")]
    [TestCase("""{"type":"STATE","payload":{"track_id":"x","status":"PLAY","offset_sec":0.0,"timestamp":0,"epoch":1,"revision":0,"clock_id":"00000000-0000-0000-0000-000000000000","at_us":0,"position_us":0}}""")]
    [TestCase("""{"type":"STATE","payload":{"track_id":null,"status":"PLAY","offset_sec":0.0,"timestamp":0,"epoch":1,"revision":0,"clock_id":"00000000-0000-0000-0000-000000000000","at_us":0,"position_us":-1}}""")]
    public void A_server_that_talks_nonsense_is_an_error_for_its_client(string json) =>
        Assert.That(ControlCodec.ParseServer(Encoding.UTF8.GetBytes(json)).Error, Is.Not.Null);
}
