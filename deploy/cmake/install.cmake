# What cmake --install puts where: DESTDIR and --prefix count. The documents keep their places to each other, so that their
# links, and the paths that programs tell, lead somewhere.

include(GNUInstallDirs)

foreach(program cmpd cmpd-epoll cmpctl cmpbench) # cmpd finds cmpd-epoll beside it
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endforeach()
install(FILES CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES deploy/SCALING.md deploy/3GPP.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/deploy)
install(DIRECTORY deploy/manual deploy/haproxy deploy/postgres DESTINATION ${CMAKE_INSTALL_DOCDIR}/deploy
        USE_SOURCE_PERMISSIONS)
# Of what is linked in statically.
foreach(part h2o aws-lc crypto_mb)
    if(EXISTS ${CMPD_PREFIX}/${part}/LICENSE)
        install(FILES ${CMPD_PREFIX}/${part}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR}/licenses/${part})
    endif()
endforeach()
