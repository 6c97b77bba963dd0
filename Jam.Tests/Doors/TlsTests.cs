using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using Jam.Peer.Network;
using Jam.Server.Contracts;
using Jam.Server.Doors;
using Jam.Server.Hosting;
using Jam.Tests.Fakes;
using Jam.Tests.Server;
using NUnit.Framework;

namespace Jam.Tests.Doors;

[CancelAfter(60_000)]
internal sealed class TlsTests
{
    [Test]
    public async Task Rooms_and_pages_are_served_over_tls_and_an_authority_or_a_fingerprint_is_what_it_takes_to_believe_them(CancellationToken ct)
    {
        using var folder = new TlsFolder();
        await using var server = await TestServer.StartAsync(ct, options: Options(folder));
        Assert.That((server.IsSecure, server.Fingerprint), Is.EqualTo((true, folder.Fingerprint)));
        var byAuthority = new TlsTrust();
        byAuthority.AddAuthority(await File.ReadAllTextAsync(folder.CaFile, ct));
        var byFingerprint = new TlsTrust();
        byFingerprint.Add(folder.Fingerprint.ToUpperInvariant());
        Assert.That(await StateAsync(server.Port, byAuthority, ct), Is.InstanceOf<State>());
        Assert.That(await StateAsync(server.Port, byFingerprint, ct), Is.InstanceOf<State>());
    }

    [Test]
    public async Task A_server_that_nobody_vouches_for_is_not_believed_and_its_fingerprint_is_told(CancellationToken ct)
    {
        using var folder = new TlsFolder();
        await using var server = await TestServer.StartAsync(ct, options: Options(folder));
        var trust = new TlsTrust();
        trust.Add(new string('0', 64));
        Exception? problem = null;
        try
        {
            await StateAsync(server.Port, trust, ct);
        }
        catch (WebSocketException refused)
        {
            problem = refused;
        }

        Assert.That(problem is null ? "it was believed" : trust.Explain(problem), Does.Contain(folder.Fingerprint).And.Contain("--tls-ca"));
    }

    [Test]
    public async Task A_new_certificate_is_shown_to_who_comes_then_and_who_is_connected_stays(CancellationToken ct)
    {
        using var folder = new TlsFolder();
        var time = new ManualTimeProvider();
        var lines = new List<string>();
        var certificate = TlsCertificate.Load(folder.CertFile, folder.KeyFile, time, (line, _) => lines.Add(line));
        var first = certificate.Current;
        folder.Renew();
        Assert.That(certificate.Current, Is.SameAs(first), "it is looked at once a second");
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(Convert.ToHexStringLower(SHA256.HashData(certificate.Current.TargetCertificate.RawData)), Is.EqualTo(folder.Fingerprint));
        // Whoever believes it by its fingerprint needs the new one.
        Assert.That(lines.Single(), Does.Contain(folder.Fingerprint));

        await using var server = await TestServer.StartAsync(ct, options: Options(folder));
        var trust = new TlsTrust();
        trust.AddAuthority(await File.ReadAllTextAsync(folder.CaFile, ct));
        using var socket = await ConnectAsync(server.Port, trust, ct);
        folder.Renew();
        await Until(async () => await ShownAsync(server.Port, ct) == folder.Fingerprint);
        await socket.SendAsync(ControlCodec.Serialize(new Hello()), WebSocketMessageType.Text, true, ct);
        Assert.That((await socket.ReceiveAsync(new byte[65536], ct)).MessageType, Is.EqualTo(WebSocketMessageType.Text));

        static async Task Until(Func<Task<bool>> condition)
        {
            while (!await condition())
                await Task.Yield();
        }
    }

    [Test]
    public void A_bad_pair_in_place_of_a_good_one_is_told_once_and_the_good_one_kept()
    {
        using var folder = new TlsFolder();
        var time = new ManualTimeProvider();
        var lines = new List<string>();
        var certificate = TlsCertificate.Load(folder.CertFile, folder.KeyFile, time, (line, _) => lines.Add(line));
        var good = certificate.Current;
        File.WriteAllText(folder.KeyFile, "no key");
        for (var i = 0; i < 5; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            Assert.That(certificate.Current, Is.SameAs(good));
        }

        Assert.That(lines.Single(), Does.EndWith("; the one from before is kept").And.Not.Contains(".;"));
    }

    [Test]
    public void A_pair_that_does_not_fit_or_is_not_there_is_one_clear_line()
    {
        using var folder = new TlsFolder();
        using var other = new TlsFolder();
        Assert.That(() => Load(folder.CertFile, other.KeyFile), Throws.TypeOf<TlsException>().With.Message.Not.Contains('\n').And.Message.Contains(other.KeyFile));
        Assert.That(() => Load(folder.CertFile, "nowhere.pem"), Throws.TypeOf<TlsException>().With.Message.StartsWith("nowhere.pem cannot be read"));

        static TlsCertificate Load(string cert, string key) => TlsCertificate.Load(cert, key, TimeProvider.System, (_, _) => { });
    }

    private static JamServerOptions Options(TlsFolder folder) => new() { Port = 0, TlsCertFile = folder.CertFile, TlsKeyFile = folder.KeyFile };

    private static async Task<ClientWebSocket> ConnectAsync(int port, TlsTrust trust, CancellationToken ct)
    {
        var socket = new ClientWebSocket();
        trust.Apply(socket.Options);
        try
        {
            await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{port}/ws/jam"), ct);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<ServerMessage?> StateAsync(int port, TlsTrust trust, CancellationToken ct)
    {
        using var socket = await ConnectAsync(port, trust, ct);
        await socket.SendAsync(ControlCodec.Serialize(new Hello()), WebSocketMessageType.Text, true, ct);
        var buffer = new byte[65536];
        var received = await socket.ReceiveAsync(buffer, ct);
        return ControlCodec.ParseServer(buffer.AsMemory(0, received.Count)).Message;
    }

    private static async Task<string> ShownAsync(int port, CancellationToken ct)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync("127.0.0.1", port, ct);
        await using var tls = new SslStream(tcp.GetStream(), false, (_, shown, _, _) => shown is not null);
        await tls.AuthenticateAsClientAsync("127.0.0.1");
        return Convert.ToHexStringLower(SHA256.HashData(tls.RemoteCertificate!.GetRawCertData()));
    }
}
