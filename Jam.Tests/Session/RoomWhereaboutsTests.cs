using System.Net;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Session;

internal sealed class RoomWhereaboutsTests
{
    private static readonly Uri _own = new("ws://127.0.0.1:8000/ws/jam");
    private static readonly IPAddress[] _addresses = [IPAddress.Parse("10.0.0.6"), IPAddress.Parse("fd00::6"), IPAddress.Loopback];

    [Test]
    public void A_server_on_another_machine_is_told_addresses_at_which_others_reach_ours()
    {
        var told = RoomWhereabouts.ToServer(Told("ws://127.0.0.1:8000/ws/jam"), new("ws://10.0.0.4:8000/ws/jam"), _own, _addresses);

        Assert.That(told.Urls, Is.EqualTo(new[] { "ws://10.0.0.6:8000/ws/jam", "ws://[fd00::6]:8000/ws/jam" }));
    }

    [Test]
    public void A_server_on_another_machine_is_not_told_loopback_addresses_of_what_is_not_ours()
    {
        var told = RoomWhereabouts.ToServer(Told("ws://127.0.0.1:8001/ws/jam", "ws://10.0.0.9:8000/ws/jam"), new("ws://10.0.0.4:8000/ws/jam"), _own, _addresses);

        Assert.That(told.Urls, Is.EqualTo(new[] { "ws://10.0.0.9:8000/ws/jam" }));
    }

    [Test]
    public void A_server_on_this_machine_is_told_how_we_reach_ours()
    {
        var told = RoomWhereabouts.ToServer(Told("ws://127.0.0.1:8000/ws/jam"), new("ws://127.0.0.1:9000/ws/jam"), _own, _addresses);

        Assert.That(told.Urls, Is.EqualTo(new[] { "ws://127.0.0.1:8000/ws/jam" }));
    }

    private static Rendezvous Told(params string[] urls) => new(2, Guid.Empty, urls);
}
