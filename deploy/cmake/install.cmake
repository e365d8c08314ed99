# What cmake --install puts where: DESTDIR and --prefix count. The documents keep their places to each other, so that their
# links, and the paths that programs tell, lead somewhere.

include(GNUInstallDirs)

foreach(program cmpd cmpd-epoll cmpctl cmpbench) # cmpd finds cmpd-epoll beside it
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endforeach()
install(FILES CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES deploy/SCALING.md deploy/UPGRADE.md deploy/3GPP.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/deploy)
install(DIRECTORY deploy/manual deploy/grafana deploy/haproxy deploy/postgres deploy/prometheus DESTINATION ${CMAKE_INSTALL_DOCDIR}/deploy
        USE_SOURCE_PERMISSIONS)
# For systemd, which looks below /usr and /usr/local. The unit starts what is installed with it.
install(CODE "
    file(READ \"${CMAKE_SOURCE_DIR}/deploy/systemd/cmpd.service\" unit)
    string(REPLACE \"/usr/local/bin/\" \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/\" unit \"\${unit}\")
    file(WRITE \"${CMAKE_BINARY_DIR}/cmpd.service\" \"\${unit}\")")
install(FILES ${CMAKE_BINARY_DIR}/cmpd.service DESTINATION lib/systemd/system)
install(FILES deploy/systemd/sysusers.conf DESTINATION lib/sysusers.d RENAME cmpd.conf)
install(FILES deploy/systemd/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME cmpd.conf)
# Of what is linked in statically.
foreach(part h2o aws-lc crypto_mb)
    if(EXISTS ${CMPD_PREFIX}/${part}/LICENSE)
        install(FILES ${CMPD_PREFIX}/${part}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR}/licenses/${part})
    endif()
endforeach()

install(FILES bench/uplot/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR}/licenses/uplot)

# Pages for man(1), and completion for bash. Programs write theirs from the tables that they work by; so only what this machine
# can run is asked.
if(TARGET cmpctl AND TARGET cmpbench AND NOT CMPD_SANITIZE AND NOT CMAKE_CROSSCOMPILING)
    set(help ${CMAKE_BINARY_DIR}/help)
    add_custom_command(
        OUTPUT ${help}/stamp
        COMMAND ${CMAKE_COMMAND} -E rm -rf ${help}
        COMMAND ${CMAKE_COMMAND} -E make_directory ${help}/man
        COMMAND cmpctl man ${help}/man
        COMMAND cmpbench --man > ${help}/man/cmpbench.1
        COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_SOURCE_DIR}/deploy/man/cmpd.8 ${help}/man
        COMMAND cmpctl completion > ${help}/cmpctl
        COMMAND ${CMAKE_COMMAND} -E touch ${help}/stamp
        DEPENDS cmpctl cmpbench ${CMAKE_SOURCE_DIR}/deploy/man/cmpd.8
        COMMENT "writing pages for man(1)")
    add_custom_target(help-pages ALL DEPENDS ${help}/stamp)
    foreach(section 1 5 8)
        install(DIRECTORY ${help}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section}
                FILES_MATCHING PATTERN "*.${section}")
    endforeach()
    install(FILES ${help}/cmpctl DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
endif()
