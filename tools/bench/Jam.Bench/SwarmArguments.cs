using CommandLine;

namespace Jam.Bench;

/// <summary>What <c>tools/bench/swarm</c> takes.</summary>
[Verb("swarm")]
internal sealed class SwarmArguments
{
    [Option("size", Default = 1024, MetaValue = "MIB", HelpText = "What is brought to one peer, or to four in sum.")]
    public int SizeMib { get; set; }

    [Option("runs", Default = 3, MetaValue = "N", HelpText = "How often each is measured, in turn with plain sockets; medians count.")]
    public int Runs { get; set; }

    [Option("idle", Default = 400, MetaValue = "N", HelpText = "Idle connections whose memory is measured; 0: none.")]
    public int Idle { get; set; }

    [Option("joins", Default = 15, MetaValue = "N", HelpText = "Joins whose time is measured; 0: none.")]
    public int Joins { get; set; }

    [Option("viewers", Separator = ',', Default = new[] { 1, 4 }, MetaValue = "N,N", HelpText = "To how many it is brought, one after the other.")]
    public IEnumerable<int> Viewers { get; set; } = [];

    [Option("timeout-s", Default = 120.0, MetaValue = "S", HelpText = "A transfer that brings nothing for so long has failed: a line says where it stands, exit code 1.")]
    public double TimeoutSeconds { get; set; }

    [Option("track", MetaValue = "FILE", HelpText = "What the joins are to play.", Required = true)]
    public string Track { get; set; } = "";

    [Option("folder", MetaValue = "DIR", HelpText = "Where seeded and received files lie (default: /dev/shm where it is, else the temporary folder).")]
    public string? Folder { get; set; }

    [Option("encrypt", HelpText = "Peers speak TLS to each other, as in a room with --encrypt.")]
    public bool Encrypt { get; set; }

    [Option("json", HelpText = "One JSON object on standard output.")]
    public bool Json { get; set; }
}

/// <summary>The other end of idle connections, in a process of its own.</summary>
[Verb("idle-peers", Hidden = true)]
internal sealed class IdleArguments
{
    [Value(0, Required = true)]
    public int Port { get; set; }

    [Value(1, Required = true)]
    public int Count { get; set; }
}
