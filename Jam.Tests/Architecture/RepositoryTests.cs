using System.Text.RegularExpressions;
using NUnit.Framework;

namespace Jam.Tests.Architecture;

/// <summary>What stands in the repository holds on every machine.</summary>
public sealed partial class RepositoryTests
{
    private static readonly string[] Skipped = ["bin", "obj", ".git", "artifacts", "node_modules", "TestResults", ".vs", ".idea", ".vscode"];
    private static readonly string[] Texts =
    [
        ".cs", ".csproj", ".props", ".targets", ".sln", ".json", ".md", ".txt", ".yml", ".yaml", ".html", ".css", ".js", ".sh", ".py", ".config",
        "",
    ];

    [Test]
    public void No_file_names_a_folder_of_one_machine_or_a_package_registry()
    {
        var root = Root();
        var found = from file in Files(root)
                    from line in File.ReadLines(file.FullName).Select((text, index) => (text, number: index + 1))
                    where IsOfOneMachine(line.text)
                    select $"{Path.GetRelativePath(root.FullName, file.FullName)}:{line.number}: {line.text.Trim()}";
        Assert.That(found, Is.Empty);
    }

    [Test]
    public void No_package_source_is_configured_here_so_that_each_machine_uses_its_own() =>
        Assert.That(
            Root().EnumerateFiles().Select(file => file.Name), Has.None.EqualTo("nuget.config").IgnoreCase);

    [TestCase("cd /", "root/music")]
    [TestCase("/", "home/anna/track.mp3")]
    [TestCase("/", "Users/anna/track.mp3")]
    [TestCase("C:\\", "Users\\anna")]
    [TestCase("https://", "nuget.example.net/v3/index.json")]
    [TestCase("http://", "registry.example.net/npm")]
    public void A_line_that_holds_on_one_machine_alone_is_found(string start, string end) => Assert.That(IsOfOneMachine(start + end), Is.True);

    [TestCase("/usr/bin/python3 and /tmp/jam")]
    [TestCase("the homes/rooms of ../out and a/root/b")]
    [TestCase("see https://creativecommons.org/publicdomain/zero/1.0/")]
    public void A_line_that_holds_everywhere_is_left_alone(string line) => Assert.That(IsOfOneMachine(line), Is.False);

    private static bool IsOfOneMachine(string line) => PersonalFolder().IsMatch(line) || Registry().IsMatch(line);

    [GeneratedRegex(@"(?<![\w./-])(/(root)\b|/(home|Users)/\w|[A-Za-z]:\\Users\\)")]
    private static partial Regex PersonalFolder();

    [GeneratedRegex(@"https?://[^/\s""]*(nuget|registry|artifactory|nexus|pypi|npmjs|proxy)", RegexOptions.IgnoreCase)]
    private static partial Regex Registry();

    private static IEnumerable<FileInfo> Files(DirectoryInfo folder)
    {
        foreach (var file in folder.EnumerateFiles().Where(file => Texts.Contains(file.Extension) && file.Name != ".git"))
            yield return file;
        foreach (var inner in folder.EnumerateDirectories().Where(inner => !Skipped.Contains(inner.Name)))
        {
            foreach (var file in Files(inner))
                yield return file;
        }
    }

    internal static DirectoryInfo Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SwarmJam.sln")))
                return folder;
        }
        throw new InvalidOperationException("The tests do not lie inside the repository.");
    }
}
