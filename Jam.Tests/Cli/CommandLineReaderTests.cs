using System.Net;
using Jam.Peer.Cli.Options;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace Jam.Tests.Cli;

internal sealed class CommandLineReaderTests
{
    [Test]
    public void A_seeder_is_a_host_with_the_documented_defaults()
    {
        var run = CliFactsFake.Run("--seed song.mp3");
        Assert.That(run, Is.EqualTo(new PeerRun(run.Session, Headless: false, Duration: null, Json: false, StatusEvery: null, EndWithStdin: false)));
        var options = run.Session;
        Assert.Multiple(() =>
        {
            Assert.That(options.Role, Is.EqualTo(Role.Host));
            Assert.That(options.SeedFiles, Is.EqualTo(new[] { "song.mp3" }));
            Assert.That(options.Name, Is.EqualTo("ada@loom"));
            Assert.That(options.Room, Is.EqualTo("jam"));
            Assert.That(options.ListenPort, Is.EqualTo(9003));
            Assert.That(options.ServerPort, Is.EqualTo(8000));
            Assert.That(options.Volume, Is.EqualTo(1));
            Assert.That(options.Output, Is.EqualTo(OutputKind.Auto));
            Assert.That(options.UpLimitBytesPerSecond, Is.Null);
        });
    }

    [Test]
    public void Several_files_may_follow_one_seed_or_several()
    {
        Assert.That(CliFactsFake.Run("--seed song.mp3 'my song.mp3' --autoplay").Session.SeedFiles, Is.EqualTo(new[] { "song.mp3", "my song.mp3" }));
        Assert.That(CliFactsFake.Run("--seed song.mp3 --seed other.mp3").Session.SeedFiles, Is.EqualTo(new[] { "song.mp3", "other.mp3" }));
    }

    [TestCase("--seed --num-chunks 120 --chunk-size 4096", 120, 4096)]
    [TestCase("--num-chunks 120 --chunk-size 4096 --seed", 120, 4096)]
    [TestCase("--num-chunks 7 --seed --headless", 7, 16384)]
    public void A_bare_seed_makes_test_data(string line, int chunks, int size)
    {
        var options = CliFactsFake.Run(line).Session;
        Assert.That(options.TestPattern, Is.EqualTo(new TestPattern(chunks, size)));
        Assert.That(options.Role, Is.EqualTo(Role.Host));
    }

    [Test]
    public void A_host_without_a_file_opens_an_empty_room()
    {
        var options = CliFactsFake.Run("--role host").Session;
        Assert.That((options.Role, options.SeedFiles.Count, options.TestPattern), Is.EqualTo((Role.Host, 0, (TestPattern?)null)));
    }

    [Test]
    public void A_viewer_may_connect_to_several_peers_in_every_spelling()
    {
        var options = CliFactsFake.Run("--connect 10.0.0.5:9003 host.example:1 --connect [::1]:9004,10.0.0.6:2").Session;
        Assert.That(options.Role, Is.EqualTo(Role.Viewer));
        Assert.That(options.Connect.Select(peer => (peer.Host, peer.Port)), Is.EqualTo(new[]
        {
            ("10.0.0.5", 9003), ("host.example", 1), ("::1", 9004), ("10.0.0.6", 2),
        }));
    }

    [TestCase("ws://h:8000", "ws://h:8000/", "jam")]
    [TestCase("ws://h:8000/ws/loft", "ws://h:8000/", "loft")]
    [TestCase("wss://h/ws/a%20b", "wss://h/", "a b")]
    [TestCase("wss://h/jam/ws/loft/", "wss://h/jam", "loft")]
    [TestCase("ws://h:8000/ws/", "ws://h:8000/", "jam")]
    public void A_server_may_name_its_room(string server, string expected, string room)
    {
        var options = CliFactsFake.Run($"--server {server}").Session;
        Assert.That((options.Server, options.Room), Is.EqualTo((new Uri(expected), room)));
    }

    [Test]
    public void Every_other_option_arrives()
    {
        var run = CliFactsFake.Run(
            "--connect a:1 --room loft --name Ada --listen-port 0 --server-port 0 --cache c --save s --up-limit 400kbit --down-limit 2M --cache-limit 1.5G --no-discovery --no-clock-port --output wav:d/x.wav " +
            "--latency-ms -12.5 --volume 25 --channel right --no-replaygain --headless --duration 1m30s --status-every 0.25 --end-with-stdin");
        var options = run.Session;
        Assert.Multiple(() =>
        {
            Assert.That((options.Room, options.Name, options.ListenPort, options.ServerPort), Is.EqualTo(("loft", "Ada", 0, 0)));
            Assert.That((options.CacheFolder, options.SaveFolder, options.UpLimitBytesPerSecond), Is.EqualTo(("c", "s", 50_000L)));
            Assert.That((options.Output, options.WavPath, options.LatencyMs, options.Volume, options.Channel), Is.EqualTo((OutputKind.Wav, "d/x.wav", -12.5, 0.25, ChannelChoice.Right)));
            Assert.That((options.DownLimitBytesPerSecond, options.CacheLimitBytes, options.Discovery), Is.EqualTo((2_000_000L, 1_500_000_000L, false)));
            Assert.That((options.ReplayGain, options.HasClockPort), Is.EqualTo((false, false)));
            Assert.That((run.Headless, run.Duration, run.StatusEvery, run.EndWithStdin),
                Is.EqualTo((true, TimeSpan.FromSeconds(90), TimeSpan.FromMilliseconds(250), true)));
        });
    }

    [Test]
    public void A_latency_that_is_not_given_is_the_saved_one_and_the_channels_are_the_track_s_own()
    {
        var options = CliFactsFake.Run("--connect a:1").Session;
        Assert.That((options.LatencyMs, options.Channel), Is.EqualTo(((double?)null, ChannelChoice.Stereo)));
    }

    [TestCase("--output alsa", OutputKind.Alsa, null)]
    [TestCase("--output alsa:hw:1,0", OutputKind.Alsa, "hw:1,0")]
    [TestCase("--output alsa --device front", OutputKind.Alsa, "front")]
    [TestCase("--output pulse --device front", OutputKind.Pulse, "front")]
    public void A_device_comes_with_the_output_or_alone(string text, OutputKind kind, string? device)
    {
        var options = CliFactsFake.Run("--connect a:1 " + text).Session;
        Assert.That((options.Output, options.Device), Is.EqualTo((kind, device)));
    }

    [Test]
    public void Devices_can_be_listed_without_anything_else() => Assert.That(
        CliFactsFake.Read("--list-devices --json"), Is.EqualTo(new CommandLineResult.ListDevices(true)));

    [TestCase("", OutputKind.Auto, DecoderKind.Auto, ListenerKind.Kestrel)]
    [TestCase("--output naudio --decoder naudio --listener fleck", OutputKind.NAudio, DecoderKind.NAudio, ListenerKind.Fleck)]
    [TestCase("--decoder nlayer --listener kestrel", OutputKind.Auto, DecoderKind.NLayer, ListenerKind.Kestrel)]
    [TestCase("--decoder native", OutputKind.Auto, DecoderKind.Native, ListenerKind.Kestrel)]
    public void Parts_that_are_built_in_can_be_asked_for(string text, OutputKind output, DecoderKind decoder, ListenerKind listener)
    {
        var options = ((CommandLineResult.Run)CliFactsFake.ReadWithAllParts("--seed song.mp3 " + text)).Peer.Session;
        Assert.That((options.Output, options.Decoder, options.Listener), Is.EqualTo((output, decoder, listener)));
    }

    [TestCase("--seed song.mp3 --listener fleck", "--listener fleck: this build has no Fleck; build it with -p:UseFleck=true")]
    [TestCase("--connect a:1 --decoder nlayer", "--decoder nlayer: this build has no NAudio; build it with -p:UseNAudio=true")]
    [TestCase("--connect a:1 --decoder naudio", "-p:UseNAudio=true")]
    [TestCase("--connect a:1 --output naudio", "--output naudio: this build has no NAudio")]
    [TestCase("--connect a:1 --decoder lame", "auto, native, nlayer or naudio")]
    [TestCase("--seed song.mp3 --listener nginx", "kestrel or fleck")]
    [TestCase("--connect a:1 --channel both", "left, right, mono or stereo")]
    [TestCase("--connect a:1 --output alsa:a --device b", "leave one of them out")]
    [TestCase("--connect a:1 --output oss", "alsa:DEVICE")]
    [TestCase("--seed nowhere.mp3", "--seed nowhere.mp3: there is no such file")]
    [TestCase("--seed song.mp3 music", "--seed music: that is a folder")]
    [TestCase("--seed", "--seed needs a file, or --num-chunks")]
    [TestCase("--seed --chunk-size 4096", "--seed needs a file, or --num-chunks")]
    [TestCase("--num-chunks 3 --role host", "go with a bare --seed")]
    [TestCase("--seed song.mp3 --num-chunks 3", "either files or, bare")]
    [TestCase("--seed --num-chunks 0", "1 to 131072")]
    [TestCase("--seed --num-chunks 131073", "1 to 131072")]
    [TestCase("--seed --num-chunks 5 --chunk-size 12", "1024 to 1048576")]
    [TestCase("--seed song.mp3 --role viewer", "a viewer does not seed")]
    [TestCase("--role boss", "host or viewer")]
    [TestCase("--name Ada", "say whom to join")]
    [TestCase("--connect 10.0.0.5", "the port is missing; write 10.0.0.5:9003")]
    [TestCase("--connect host", "the port is missing; write host:9003")]
    [TestCase("--connect ::1", "brackets")]
    [TestCase("--connect [::1]", "the port is missing; write [::1]:9003")]
    [TestCase("--connect fe80::1:9003", "brackets")]
    [TestCase("--connect :9003", "before the colon is missing")]
    [TestCase("--connect a:0", "'0' is no port")]
    [TestCase("--connect a:70000", "'70000' is no port")]
    [TestCase("--connect a:x", "'x' is no port")]
    [TestCase("--connect a_!:1", "neither an IP address nor a host name")]
    [TestCase("--connect [1.2.3.4]:1", "no IPv6 address")]
    [TestCase("--connect", "--connect needs a value")]
    [TestCase("--server http://h:8000", "ws://HOST:PORT")]
    [TestCase("--server h:8000", "ws://HOST:PORT")]
    [TestCase("--server ws://h/ws/a --room b", "leave one of them out")]
    [TestCase("--connect a:1 --room ''", "--room takes 1 to 64")]
    [TestCase("--connect a:1 --name ' x'", "--name takes 1 to 64")]
    [TestCase("--connect a:1 --listen-port 65536", "--listen-port 65536")]
    [TestCase("--connect a:1 --server-port x", "--server-port x")]
    [TestCase("--connect a:1 --down-limit 5kb", "--down-limit 5kb: write bytes per second")]
    [TestCase("--connect a:1 --cache-limit 2Mbit", "--cache-limit 2Mbit: write bytes, like 500M")]
    [TestCase("--connect a:1 --cache-limit 2M/s", "--cache-limit 2M/s")]
    [TestCase("--connect a:1 --cache locked", "--cache locked: cannot write to that folder: Access is denied")]
    [TestCase("--connect a:1 --save locked/x", "--save locked/x: cannot write to that folder: Access is denied")]
    [TestCase("--connect a:1 --output wav:locked/x.wav", "cannot write there: Access is denied")]
    [TestCase("--connect a:1 --output wav", "wav:PATH")]
    [TestCase("--connect a:1 --output wav:", "wav:PATH")]
    [TestCase("--connect a:1 --output loud", "auto, pulse, alsa, alsa:DEVICE, naudio, wav:PATH or null")]
    [TestCase("--connect a:1 --output null --device x", "--device names a sound device")]
    [TestCase("--connect a:1 --up-limit fast", "--up-limit fast")]
    [TestCase("--connect a:1 --latency-ms 9999", "--latency-ms 9999")]
    [TestCase("--connect a:1 --volume 101", "--volume 101")]
    [TestCase("--connect a:1 --volume loud", "--volume loud")]
    [TestCase("--connect a:1 --volume NaN", "--volume NaN")]
    [TestCase("--connect a:1 --duration soon", "--duration soon")]
    [TestCase("--connect a:1 --duration 0", "--duration 0")]
    [TestCase("--connect a:1 --status-every 0.001", "0.01 or more")]
    [TestCase("--connect a:1 --json --status-every 1", "choose one of them")]
    [TestCase("--connect a:1 --autoplay", "--autoplay is for the host")]
    [TestCase("--connect a:1 --volum 3", "did you mean --volume?")]
    [TestCase("--frobnicate", "there is no option --frobnicate")]
    [TestCase("-x", "there is no option -x")]
    [TestCase("--connect a:1 --save", "--save needs a value")]
    [TestCase("--save --headless --connect a:1", "--save needs a value")]
    [TestCase("--connect a:1 --name", "--name needs a value")]
    [TestCase("--connect a:1 --name a --name b", "--name is given twice")]
    [TestCase("song.mp3", "'song.mp3' belongs to no option")]
    public void What_is_wrong_is_said_in_one_line(string line, string expected)
    {
        var text = CliFactsFake.Wrong(line);
        Assert.That(text, Does.StartWith("jam: ").And.Contain(expected));
        Assert.That(text, Does.Not.Contain("\n"));
    }

    [Test]
    public void Nothing_at_all_shows_how_to_host_and_how_to_join() =>
        Assert.That(CliFactsFake.Wrong(""), Does.Contain("--seed").And.Contain("--connect").And.Contain("demo"));

    [TestCase("--help")]
    [TestCase("-h")]
    [TestCase("help")]
    [TestCase("--connect a:1 --help")]
    public void Help_is_shown_whatever_else_stands_there(string line) =>
        Assert.That(CliFactsFake.Read(line), Is.EqualTo(new CommandLineResult.Show(HelpTexts.Peer)));

    [Test]
    public void A_name_that_is_typed_is_kept_and_an_identity_is_unless_it_must_not_be()
    {
        var plain = CliFactsFake.Run("--seed song.mp3").Session;
        Assert.That((plain.Name, plain.IsNameChosen, plain.KeepsIdentity), Is.EqualTo(("ada@loom", false, true)));
        var named = CliFactsFake.Run("--seed song.mp3 --name bo --no-identity").Session;
        Assert.That((named.Name, named.IsNameChosen, named.KeepsIdentity), Is.EqualTo(("bo", true, false)));
    }

    [Test]
    public void The_log_goes_where_and_as_far_as_it_is_told()
    {
        var plain = CommandLineReader.Read(["--seed", "song.mp3"], CliFactsFake.Facts with { DefaultLogFile = "state/peer.log" });
        Assert.That(((CommandLineResult.Run)plain).Peer.Session.LogFile, Is.EqualTo("state/peer.log"));
        var told = CliFactsFake.Run("--seed song.mp3 --log-file music/x.log --log-level debug").Session;
        Assert.That((told.LogFile, told.LogLevel), Is.EqualTo(("music/x.log", LogLevel.Debug)));
        Assert.That(CliFactsFake.Run("--seed song.mp3 --log-file none").Session.LogFile, Is.Null);
        Assert.That(CliFactsFake.Wrong("--seed song.mp3 --log-file locked/x.log"), Does.Contain("--log-file locked/x.log"));
        Assert.That(CliFactsFake.Wrong("--seed song.mp3 --log-level loud"), Does.Contain("off, error, warning, info, debug, trace"));
    }

    [Test]
    public void Version_is_a_name_a_number_and_the_commit() =>
        Assert.That(CliFactsFake.Read("--version"), Is.InstanceOf<CommandLineResult.Show>().With.Property("Text").Match("^jam [0-9.]+ \\(commit ([0-9a-f]{12}|unknown)\\)$"));

    [Test]
    public void Help_explains_every_option_and_fits_a_wide_terminal()
    {
        var help = ((CommandLineResult.Show)CliFactsFake.Read("--help")).Text;
        foreach (var name in ArgumentParser.Names(typeof(RawOptions)))
            Assert.That(help, Does.Contain("--" + name));
        Assert.That(help.Split('\n').Max(line => line.Length), Is.LessThanOrEqualTo(130));
    }

    [Test]
    public void The_address_of_an_IPv6_peer_is_kept_without_brackets() =>
        Assert.That(PeerAddress.Parse("[fe80::1]:9003").Address, Is.EqualTo(new DnsEndPoint("fe80::1", 9003, System.Net.Sockets.AddressFamily.InterNetworkV6)));
}
