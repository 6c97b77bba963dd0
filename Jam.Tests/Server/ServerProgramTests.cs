using Jam.Server;
using Jam.Server.Hosting;
using Jam.Tests.Doors;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace Jam.Tests.Server;

[TestFixture]
[NonParallelizable]
[CancelAfter(30_000)]
internal sealed class ServerProgramTests
{
    [TestCase("--prot 1", "--prot", TestName = "An_unknown_option_is_named")]
    [TestCase("--port x", "--port", TestName = "A_port_that_is_no_number_is_refused")]
    [TestCase("--port 70000", "--port", TestName = "A_port_out_of_range_is_refused")]
    [TestCase("--port", "--port", TestName = "A_port_without_a_value_is_refused")]
    [TestCase("--bind nowhere", "--bind", TestName = "An_address_that_is_none_is_refused")]
    [TestCase("--log-level loud", "--log-level", TestName = "A_log_level_that_is_none_is_refused")]
    [TestCase("--listener nginx", "kestrel or fleck", TestName = "A_listener_that_nobody_knows_is_refused")]
    [TestCase("--listener", "--listener", TestName = "A_listener_without_a_value_is_refused")]
    [TestCase("--listener kestrel --web-port 81", "--web-port goes with --listener fleck", TestName = "A_web_port_of_its_own_is_for_fleck")]
    [TestCase("--web-port x", "--web-port", TestName = "A_web_port_that_is_no_number_is_refused")]
#if !USE_FLECK
    [TestCase("--listener fleck", "-p:UseFleck=true", TestName = "A_listener_that_is_not_built_in_is_refused")]
#endif
    [TestCase("extra", "extra", TestName = "A_stray_word_is_refused")]
    public async Task A_wrong_option_gets_one_line_and_exit_code_2(string line, string named)
    {
        var (code, output, errors) = await RunAsync(line.Split(' '));
        Assert.That(code, Is.EqualTo(2));
        Assert.That(output, Is.Empty);
        Assert.That(errors.TrimEnd().Split('\n'), Has.Length.EqualTo(1));
        Assert.That(errors, Does.Contain(named.TrimStart('-')));
    }

    [Test]
    public async Task A_port_that_is_taken_gets_one_line_that_says_what_to_do_and_exit_code_1(CancellationToken ct)
    {
        await using var server = await JamServer.StartAsync(new JamServerOptions { Port = 0 }, TimeProvider.System, NullLoggerFactory.Instance, ct);
        var (code, _, errors) = await RunAsync("--port", $"{server.Port}", "--log-file", "none");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(errors.Trim(), Is.EqualTo($"Port {server.Port} is in use: stop what listens there, or choose another with --port."));
    }

    [Test]
    public async Task A_server_that_runs_can_be_asked_whether_it_is_well(CancellationToken ct)
    {
        var server = await JamServer.StartAsync(new JamServerOptions { Port = 0 }, TimeProvider.System, NullLoggerFactory.Instance, ct);
        var (code, output, _) = await RunAsync("--is-healthy", "--port", $"{server.Port}");
        Assert.That((code, output[..14]), Is.EqualTo((0, "{\"status\":\"ok\"")));
        var port = server.Port;
        await server.DisposeAsync();
        (code, output, _) = await RunAsync("--is-healthy", "--port", $"{port}");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(output, Does.StartWith("No answer"));
    }

    [Test]
    public async Task A_server_that_speaks_tls_can_be_asked_by_who_does_not_know_that(CancellationToken ct)
    {
        using var folder = new TlsFolder();
        var options = new JamServerOptions { Port = 0, TlsCertFile = folder.CertFile, TlsKeyFile = folder.KeyFile };
        await using var server = await JamServer.StartAsync(options, TimeProvider.System, NullLoggerFactory.Instance, ct);
        var (code, output, _) = await RunAsync("--is-healthy", "--port", $"{server.Port}");
        Assert.That((code, output[..Math.Min(14, output.Length)]), Is.EqualTo((0, "{\"status\":\"ok\"")));
    }

    [TestCase("--log-format xml", "text or json")]
    [TestCase("--metrics everyone", "local, any or off")]
    [TestCase("--otlp here", "collector's address")]
    public async Task An_operators_option_that_is_wrong_is_refused(string line, string part)
    {
        var (code, _, errors) = await RunAsync(line.Split(' '));
        Assert.That(code, Is.EqualTo(2));
        Assert.That(errors, Does.Contain(part));
    }

    [Test]
    public async Task The_version_tells_the_commit()
    {
        var (code, output, _) = await RunAsync("--version");
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Match(@"^SwarmJam [0-9.]+ \(commit ([0-9a-f]{12}|unknown)\)\s*$"));
    }

    [Test]
    public async Task Help_lists_the_options()
    {
        var (code, output, _) = await RunAsync("--help");
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Contain("--port").And.Contain("--bind").And.Contain("--verbose"));
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(params string[] args)
    {
        var (oldOut, oldError) = (Console.Out, Console.Error);
        using var output = new StringWriter();
        using var errors = new StringWriter();
        try
        {
            Console.SetOut(output);
            Console.SetError(errors);
            return (await ServerProgram.RunAsync(args), output.ToString(), errors.ToString());
        }
        finally
        {
            Console.SetOut(oldOut);
            Console.SetError(oldError);
        }
    }
}
