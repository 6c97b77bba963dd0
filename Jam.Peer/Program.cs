using Jam.Peer.Audio;
using Jam.Peer.Cli;
using Jam.Peer.Session;

var headStart = HeadStart.Begin(args);
var code = await PeerProgram.MainAsync(args, new ProgramParts
{
    CreateSession = options => new JamSession(options, TimeProvider.System),
    RunServer = Jam.Server.ServerProgram.RunAsync,
    Rehearse = Rehearsal.WhenIdleAsync,
    ServerHelp = Jam.Server.ServerArguments.Help,
    ServerOptions = typeof(Jam.Server.ServerArguments),
    ProbeDurationUs = path => DecoderFactory.Probe(path) switch
    {
        { DurationUs: { } duration } => duration,
        { Error: var error } => throw new JamException($"{path}: {error ?? "its duration is unknown"}"),
    },
});
await headStart;
return code;
