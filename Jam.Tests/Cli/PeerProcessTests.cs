using Jam.Peer.Cli.Demo;
using NUnit.Framework;

namespace Jam.Tests.Cli;

/// <summary>The one seam of the demo that pretending cannot test: this very program, as a child.</summary>
internal sealed class PeerProcessTests
{
    [Test]
    public async Task This_program_starts_itself_and_is_read_to_its_end()
    {
        using var process = PeerProcess.Start(["--version"]);
        var lines = new List<string>();
        await foreach (var line in process.Output)
            lines.Add(line);
        await process.Exited;
        Assert.That(lines.Single(), Does.StartWith("jam "));
        Assert.That(process.ExitCode, Is.Zero);
        Assert.DoesNotThrow(process.AskToLeave);
    }

    [Test]
    public async Task An_error_goes_to_standard_error_and_its_code_comes_back()
    {
        using var process = PeerProcess.Start(["--seed"]);
        var lines = new List<string>();
        await foreach (var line in process.Errors)
            lines.Add(line);
        await process.Exited;
        Assert.That(lines.Single(), Does.StartWith("jam: --seed needs a file"));
        Assert.That(process.ExitCode, Is.EqualTo(2));
    }
}
