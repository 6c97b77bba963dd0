using System.ComponentModel;
using System.Text.Json;
using Jam.Link;

// Reads a LinkSpec from standard input, says "ready" when the devices are there, and then is the link until it is ended. The devices
// live as long as this process.
try
{
    var spec = JsonSerializer.Deserialize(Console.In.ReadLine() ?? "null", LinkJson.Default.LinkSpec);
    if (spec is null || spec.Hosts.Count is < 2 or > 64)
    {
        Console.Error.WriteLine("a line of JSON is expected that names 2 to 64 hosts");
        return 2;
    }
    var switchboard = new Switchboard(spec);
    Console.Out.WriteLine("ready");
    Console.Out.Flush();
    switchboard.Run();
    return 0;
}
catch (Exception e) when (e is JsonException or FormatException or ArgumentException or Win32Exception)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
