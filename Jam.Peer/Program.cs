using Jam.Peer.Cli;
using Jam.Peer.Session;

return await PeerProgram.MainAsync(args, new ProgramParts
{
    CreateSession = _ => throw new JamException("this build holds no session yet"),
    RunServer = _ => throw new JamException("this build holds no server yet"),
    ProbeDurationUs = _ => throw new JamException("this build holds no decoder yet"),
});
