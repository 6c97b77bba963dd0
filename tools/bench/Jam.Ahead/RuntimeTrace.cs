using System.Buffers.Binary;
using System.Text;

namespace Jam.Ahead;

/// <summary>A type as the runtime names it.</summary>
/// <param name="Module">Which module has its definition.</param>
/// <param name="Token">The definition there.</param>
/// <param name="IsArray">Whether it is an array of its one argument instead.</param>
/// <param name="Arguments">The types that it is made over.</param>
internal sealed record TypeKey(ulong Module, int Token, bool IsArray, ulong[] Arguments);

/// <summary>A method that was compiled while the program ran.</summary>
/// <param name="Type">Whose it is.</param>
/// <param name="Token">Its definition, in the module of that type.</param>
/// <param name="Arguments">The types that it is made over itself.</param>
internal sealed record MethodKey(ulong Type, int Token, ulong[] Arguments);

/// <summary>What a trace of the runtime (nettrace, version 4) says of methods that it compiled.</summary>
internal sealed class RuntimeTrace
{
    private const string Runtime = "Microsoft-Windows-DotNETRuntime";
    private const int BulkType = 15, MethodDetails = 72, ModuleLoad = 152, ArrayFlag = 8;
    private const int TraceHeader = 48;

    private readonly Dictionary<int, (string Provider, int Id)> _kinds = [];

    /// <summary>Names of assemblies, by the runtime's numbers for their modules.</summary>
    public Dictionary<ulong, string> Modules { get; } = [];

    /// <summary>Types, by its numbers.</summary>
    public Dictionary<ulong, TypeKey> Types { get; } = [];

    /// <summary>What was compiled, likewise.</summary>
    public Dictionary<ulong, MethodKey> Methods { get; } = [];

    /// <summary>Reads a whole file.</summary>
    public static RuntimeTrace Read(string path)
    {
        var trace = new RuntimeTrace();
        trace.ReadFile(File.ReadAllBytes(path));
        return trace;
    }

    // Objects, one after the other: tag 5, its type (tag 5, tag 1, two versions, a name, tag 6), what it holds, tag 6.
    private void ReadFile(byte[] file)
    {
        var at = 8 + 4 + BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(8));
        while (at < file.Length && file[at] == 5)
        {
            at += 1 + 1 + 1 + 8;
            var nameLength = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at));
            var name = Encoding.ASCII.GetString(file, at + 4, nameLength);
            at += 4 + nameLength + 1;
            if (name == "Trace")
            {
                at += TraceHeader;
            }
            else
            {
                var size = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at));
                at = (at + 4 + 3) & ~3;
                if (name is "EventBlock" or "MetadataBlock")
                    ReadBlock(file.AsSpan(at, size), name == "MetadataBlock");
                at += size;
            }
            at++;
        }
    }

    // Events with headers that tell only what is not as it was in the last one: a byte of flags says what they tell.
    private void ReadBlock(ReadOnlySpan<byte> block, bool isMetadata)
    {
        var left = block[BinaryPrimitives.ReadInt16LittleEndian(block)..];
        int kind = 0, length = 0;
        while (left.Length > 0)
        {
            var flags = Byte(ref left);
            if ((flags & 1) != 0)
                kind = (int)Number(ref left);
            if ((flags & 2) != 0)
            {
                Number(ref left);
                Number(ref left);
                Number(ref left);
            }
            if ((flags & 4) != 0)
                Number(ref left);
            if ((flags & 8) != 0)
                Number(ref left);
            Number(ref left);
            if ((flags & 16) != 0)
                left = left[16..];
            if ((flags & 32) != 0)
                left = left[16..];
            if ((flags & 128) != 0)
                length = (int)Number(ref left);
            var payload = left[..length];
            left = left[length..];
            if (isMetadata)
                ReadKind(payload);
            else if (_kinds.TryGetValue(kind & 0x7fffffff, out var known) && known.Provider == Runtime)
                ReadEvent(known.Id, payload);
        }
    }

    private void ReadKind(ReadOnlySpan<byte> payload)
    {
        var kind = Int(ref payload);
        var provider = Text(ref payload);
        _kinds[kind] = (provider, Int(ref payload));
    }

    private void ReadEvent(int id, ReadOnlySpan<byte> payload)
    {
        switch (id)
        {
            case ModuleLoad:
                var module = Long(ref payload);
                payload = payload[16..];
                Modules[module] = Path.GetFileNameWithoutExtension(Text(ref payload));
                break;
            case BulkType:
                var count = Int(ref payload);
                payload = payload[2..];
                for (; count > 0; count--)
                {
                    var type = Long(ref payload);
                    var (of, token, flags) = (Long(ref payload), Int(ref payload), Int(ref payload));
                    Byte(ref payload);
                    Text(ref payload);
                    Types[type] = new TypeKey(of, token, (flags & ArrayFlag) != 0, Longs(ref payload, Int(ref payload)));
                }
                break;
            case MethodDetails:
                var method = Long(ref payload);
                var (owner, definition, arguments) = (Long(ref payload), Int(ref payload), Int(ref payload));
                payload = payload[8..];
                Methods[method] = new MethodKey(owner, definition, Longs(ref payload, arguments));
                break;
        }
    }

    private static byte Byte(ref ReadOnlySpan<byte> from)
    {
        var value = from[0];
        from = from[1..];
        return value;
    }

    private static int Int(ref ReadOnlySpan<byte> from)
    {
        var value = BinaryPrimitives.ReadInt32LittleEndian(from);
        from = from[4..];
        return value;
    }

    private static ulong Long(ref ReadOnlySpan<byte> from)
    {
        var value = BinaryPrimitives.ReadUInt64LittleEndian(from);
        from = from[8..];
        return value;
    }

    private static ulong[] Longs(ref ReadOnlySpan<byte> from, int count)
    {
        var values = new ulong[count];
        for (var i = 0; i < count; i++)
            values[i] = Long(ref from);
        return values;
    }

    private static ulong Number(ref ReadOnlySpan<byte> from)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var piece = Byte(ref from);
            value |= (ulong)(piece & 0x7f) << shift;
            if (piece < 0x80)
                return value;
        }
    }

    private static string Text(ref ReadOnlySpan<byte> from)
    {
        var end = 0;
        while (from[end] != 0 || from[end + 1] != 0)
            end += 2;
        var text = Encoding.Unicode.GetString(from[..end]);
        from = from[(end + 2)..];
        return text;
    }
}
