using CommandLine;
using Jam.Bench;
using Jam.Bench.Fanout;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};
using var parser = new Parser(settings => settings.HelpWriter = Console.Error);
try
{
    return await parser.ParseArguments<SwarmArguments, SoundArguments, FanoutArguments, IdleArguments>(args).MapResult(
        (SwarmArguments a) => SwarmBench.RunAsync(a, stop.Token),
        (SoundArguments a) => Task.FromResult(SoundBench.Run(a, stop.Token)),
        (FanoutArguments a) => FanoutBench.RunAsync(a, stop.Token),
        async (IdleArguments a) =>
        {
            await IdlePeers.BeAsync(a, stop.Token);
            return 0;
        },
        _ => Task.FromResult(2));
}
catch (StallException stall)
{
    Console.Error.WriteLine(stall.Message);
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}
