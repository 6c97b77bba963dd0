using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using Jam.Ahead;
using Jam.Peer.Network;
using NUnit.Framework;

namespace Jam.Tests.Ops;

/// <summary>What was compiled while a program ran is named in a profile as the compiler of ready-to-run images wants it.</summary>
internal sealed class AheadProfileTests
{
    private const ulong Library = 1, Other = 2, Plain = 11, Generic = 12;
    private static readonly string Folder = Path.GetDirectoryName(typeof(OnceNotices).Assembly.Location)!;

    private string _path = "";

    [SetUp]
    public void Name() => _path = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid():n}.mibc");

    [TearDown]
    public void Delete() => File.Delete(_path);

    [Test]
    public void A_generic_type_over_one_of_another_assembly_is_named_with_both_assemblies()
    {
        var trace = Traced(typeof(SentWatch<>).GetMethods().First(method => !method.IsStatic && method.DeclaringType == typeof(SentWatch<>)).MetadataToken);
        using var assemblies = new Assemblies(Folder);
        var profile = new Profile(assemblies);
        Assert.That(profile.Add(trace), Is.EqualTo(1));
        Assert.That(profile.Add(trace), Is.Zero, "the same again");
        profile.Write(_path);

        using var file = new PEReader(File.OpenRead(_path));
        var reader = file.GetMetadataReader();
        var il = file.GetMethodBody(reader.GetMethodDefinition(MetadataTokens.MethodDefinitionHandle(1)).RelativeVirtualAddress).GetILBytes()!;
        Assert.That(reader.GetString(reader.GetMethodDefinition(MetadataTokens.MethodDefinitionHandle(1)).Name), Is.EqualTo("AssemblyDictionary"));
        Assert.That(il[0], Is.EqualTo((byte)ILOpCode.Ldstr));
        Assert.That(reader.GetUserString((UserStringHandle)MetadataTokens.Handle(BitConverter.ToInt32(il, 1))), Is.EqualTo("Jam.Peer;Jam.Server;"));
        var member = reader.GetMemberReference(MetadataTokens.MemberReferenceHandle(1));
        var type = reader.GetTypeSpecification((TypeSpecificationHandle)member.Parent);
        Assert.That(reader.GetBlobBytes(type.Signature)[0], Is.EqualTo((byte)SignatureTypeCode.GenericTypeInstance));
        Assert.That(reader.TypeReferences.Select(handle => reader.GetString(reader.GetTypeReference(handle).Name)), Does.Contain("SentWatch`1").And.Contain("Hello"));
    }

    [Test]
    public void What_is_of_a_type_that_was_never_told_of_is_left_out()
    {
        var trace = Traced(0x06000001);
        trace.Types.Clear();
        using var assemblies = new Assemblies(Folder);
        Assert.That(new Profile(assemblies).Add(trace), Is.Zero);
    }

    private static RuntimeTrace Traced(int method)
    {
        var trace = new RuntimeTrace();
        trace.Modules[Library] = "Jam.Peer";
        trace.Modules[Other] = "Jam.Server";
        trace.Types[Plain] = new TypeKey(Other, typeof(Jam.Server.Contracts.Hello).MetadataToken, false, []);
        trace.Types[Generic] = new TypeKey(Library, typeof(SentWatch<>).MetadataToken, false, [Plain]);
        trace.Methods[1] = new MethodKey(Generic, method, []);
        return trace;
    }
}
