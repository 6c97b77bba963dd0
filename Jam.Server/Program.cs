return await Jam.Server.ServerProgram.RunAsync(args);
