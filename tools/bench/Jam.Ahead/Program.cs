using Jam.Ahead;

if (args.Length < 3)
{
    Console.Error.WriteLine("usage: Jam.Ahead FOLDER-OF-ASSEMBLIES PROFILE.mibc TRACE.nettrace ... (tools/bench/ahead does it all)");
    return 2;
}
using var assemblies = new Assemblies(args[0]);
var profile = new Profile(assemblies);
foreach (var path in args[2..])
    Console.Error.WriteLine($"{path}: {profile.Add(RuntimeTrace.Read(path))} methods more");
profile.Write(args[1]);
return 0;
